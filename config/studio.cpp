#include "config/studio.h"

namespace penstock::config {
namespace {

bool is_china(std::string_view region) {
  return region.starts_with("cn-");
}
bool is_gov(std::string_view region) {
  return region.starts_with("us-gov-");
}
bool is_american(std::string_view region) {
  return region.starts_with("us-") || region.starts_with("ca-");
}

}  // namespace

const std::vector<std::string_view>& studio_service_words() {
  static const std::vector<std::string_view> kWords = {"studio", "api", "runtime", "notebook", "labeling", "mlflow"};
  return kWords;
}

const std::vector<std::string_view>& known_regions() {
  static const std::vector<std::string_view> kRegions = {
      "us-east-1",      "us-east-2",      "us-west-1",      "us-west-2",      "af-south-1",     "ap-east-1",
      "ap-east-2",      "ap-south-1",     "ap-south-2",     "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
      "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5", "ap-southeast-6",
      "ap-southeast-7", "ca-central-1",   "ca-west-1",      "eu-central-1",   "eu-central-2",   "eu-north-1",
      "eu-south-1",     "eu-south-2",     "eu-west-1",      "eu-west-2",      "eu-west-3",      "il-central-1",
      "me-central-1",   "me-south-1",     "mx-central-1",   "sa-east-1",      "us-gov-east-1",  "us-gov-west-1",
      "cn-north-1",     "cn-northwest-1"};
  return kRegions;
}

StudioSuffixes studio_suffixes(std::string_view region) {
  // China: notebook.R and studio.R.sagemaker.com.cn are in the Public Suffix List; the dual-stack suffix is
  // the AWS SDKs'.
  if (is_china(region)) return {"sagemaker.com.cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", false};
  return {"sagemaker.aws", "amazonaws.com", "api.aws", true};
}

StudioNames studio_names(StudioService service, std::string_view region_name, const StudioSuffixes& suffix) {
  const std::string region(region_name);
  const std::string below_region = "." + region + "." + suffix.sagemaker;
  const auto api_names = [&](const std::string& prefix) {
    StudioNames list{Scope::name, {}};
    // The FIPS and dual-stack names do not exist in every region: asking for one that does not costs an
    // NXDOMAIN, leaving out one that does would send it to public DNS. (General Reference: api-fips also
    // under api.aws; SDKs: runtime-fips.)
    for (const std::string& domain : {suffix.amazonaws, suffix.dual_stack}) {
      if (domain.empty()) continue;
      list.names.push_back(prefix + ".sagemaker." + region + "." + domain);
      if (suffix.has_fips) list.names.push_back(prefix + "-fips.sagemaker." + region + "." + domain);
    }
    return list;
  };
  switch (service) {
    case StudioService::studio:
      // studio-fips exists in GovCloud only (Public Suffix List, entries by Amazon).
      if (is_gov(region)) return {Scope::zone, {"studio" + below_region, "studio-fips" + below_region}};
      return {Scope::zone, {"studio" + below_region}};
    case StudioService::api:
      return api_names("api");
    case StudioService::runtime:
      return api_names("runtime");
    case StudioService::notebook:
      // notebook-fips: the United States, GovCloud and Canada (Public Suffix List).
      if (is_american(region)) return {Scope::zone, {"notebook" + below_region, "notebook-fips" + below_region}};
      return {Scope::zone, {"notebook" + below_region}};
    case StudioService::labeling:
      return {Scope::zone, {"labeling" + below_region}};
    case StudioService::mlflow:
      // Tracking servers are t-ID.R.experiments.sagemaker.aws, the API is the apex.
      return {Scope::zone, {region + ".experiments." + suffix.sagemaker}};
  }
  return {};
}

bool needs_expect(StudioService service) {
  return service == StudioService::api || service == StudioService::runtime;
}

}  // namespace penstock::config
