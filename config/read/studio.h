// config/read/studio.h - which DNS names a SageMaker Studio service has in a region: the expansion table of
// `studio:`.
//
// Never implied: STS, S3, ECR, Logs and the rest of amazonaws.com. A VPC without an interface endpoint for
// them answers with public addresses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/model.h"

namespace penstock::config {

enum class StudioService : uint8_t { studio, api, runtime, notebook, labeling, mlflow, mlflow_app };
// In the order of the enum.
const std::vector<std::string_view>& studio_service_words();

// The domains that the names of a region end in.
struct StudioSuffixes {
  std::string sagemaker;   // "sagemaker.aws"; empty, here as below: not known, or there is none
  std::string amazonaws;   // "amazonaws.com"
  std::string dual_stack;  // "api.aws"
  std::string app;         // "app.aws"
  bool has_fips = true;
};
// All empty: the region is of no partition that this version knows.
StudioSuffixes studio_suffixes(std::string_view region);
bool is_known_partition(std::string_view region);

struct StudioNames {
  Scope scope = Scope::zone;
  std::vector<std::string> names;
};
// The suffix without which the service has no name there: "sagemaker"; empty: all it needs is known.
std::string_view missing_suffix(StudioService, const StudioSuffixes&);
// missing_suffix() is empty.
StudioNames studio_names(StudioService, std::string_view region, const StudioSuffixes&);

// Whether a name that studio_names() gives is FIPS, dual-stack, or of Studio's second family: a VPC has it only with an endpoint for that
// form, beside the service's own name.
bool is_further_form(std::string_view name);

// The first labels of the hosts that carry a domain's id: "d-ID", where presigned URLs and Studio Classic are, and "studio-d-ID",
// the UI of Studio since November 2023. Hosts of spaces carry none.
std::vector<std::string> domain_hosts(std::string_view domain_id);

// api and runtime: names that many others share, so their addresses have to be known as ours.
bool needs_expect(StudioService);

const std::vector<std::string_view>& known_regions();

}  // namespace penstock::config
