// config/studio.h - which DNS names a SageMaker Studio service has in a region: the expansion table of
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

enum class StudioService : uint8_t { studio, api, runtime, notebook, labeling, mlflow };
// In the order of the enum.
const std::vector<std::string_view>& studio_service_words();

// The domains that the names of a region end in.
struct StudioSuffixes {
  std::string sagemaker;   // "sagemaker.aws"
  std::string amazonaws;   // "amazonaws.com"; empty: not known
  std::string dual_stack;  // "api.aws"; empty: none
  bool has_fips = true;
};
StudioSuffixes studio_suffixes(std::string_view region);

struct StudioNames {
  Scope scope = Scope::zone;
  std::vector<std::string> names;
};
StudioNames studio_names(StudioService, std::string_view region, const StudioSuffixes&);

// api and runtime: names that many others share, so their addresses have to be known as ours.
bool needs_expect(StudioService);

const std::vector<std::string_view>& known_regions();

}  // namespace penstock::config
