#include "config/read/studio.h"

#include <algorithm>

namespace penstock::config {
namespace {

// "us-gov-east-1" has a region's form behind "us-gov-": a word and a number.
bool is_of(std::string_view region, std::string_view prefix) {
  if (!region.starts_with(prefix)) return false;
  region.remove_prefix(prefix.size());
  const auto dash = region.find('-');
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return dash != 0 && dash != std::string_view::npos && dash + 1 < region.size() &&
         std::all_of(region.begin() + static_cast<ptrdiff_t>(dash) + 1, region.end(), is_digit);
}

bool is_gov(std::string_view region) {
  return is_of(region, "us-gov-");
}

// As the AWS SDKs tell partitions apart (partitions.json).
bool is_commercial(std::string_view region) {
  static constexpr std::string_view kAreas[] = {"us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-", "mx-"};
  return std::any_of(std::begin(kAreas), std::end(kAreas), [&](auto area) { return is_of(region, area); });
}

bool is_american(std::string_view region) {
  return region.starts_with("us-") || region.starts_with("ca-");
}

}  // namespace

const std::vector<std::string_view>& studio_service_words() {
  static const std::vector<std::string_view> kWords = {"studio",   "api",    "runtime",   "notebook",
                                                       "labeling", "mlflow", "mlflow-app"};
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
      "cn-north-1",     "cn-northwest-1", "eusc-de-east-1"};
  return kRegions;
}

StudioSuffixes studio_suffixes(std::string_view region) {
  // China: notebook.R and studio.R.sagemaker.com.cn are in the Public Suffix List; the dual-stack suffix is
  // the AWS SDKs'.
  if (is_of(region, "cn-")) return {"sagemaker.com.cn", "amazonaws.com.cn", "api.amazonwebservices.com.cn", "", false};
  // Germany's sovereign cloud: the AWS SDKs have its API's domains; what stands for sagemaker.aws there was not found.
  if (is_of(region, "eusc-de-")) return {"", "amazonaws.eu", "api.amazonwebservices.eu", "", true};
  if (is_gov(region) || is_commercial(region)) return {"sagemaker.aws", "amazonaws.com", "api.aws", "app.aws", true};
  return {};
}

bool is_known_partition(std::string_view region) {
  return !studio_suffixes(region).amazonaws.empty();
}

std::string_view missing_suffix(StudioService service, const StudioSuffixes& suffix) {
  switch (service) {
    case StudioService::api:
    case StudioService::runtime:
      return suffix.amazonaws.empty() ? "amazonaws" : "";
    case StudioService::mlflow_app:
      return suffix.app.empty() ? "app" : "";
    default:
      return suffix.sagemaker.empty() ? "sagemaker" : "";
  }
}

bool is_further_form(std::string_view name) {
  const std::string dotted = "." + std::string(name);
  if (dotted.find("-fips.") != std::string::npos) return true;
  for (const char* dual_stack : {".api.aws", ".api.amazonwebservices.com.cn", ".api.amazonwebservices.eu"})
    if (dotted.ends_with(dual_stack)) return true;
  return dotted.ends_with(".app.aws") && dotted.find(".studio.sagemaker.") != std::string::npos;
}

std::vector<std::string> domain_hosts(std::string_view domain_id) {
  const std::string id(domain_id);
  return {id, "studio-" + id};
}

StudioNames studio_names(StudioService service, std::string_view region_name, const StudioSuffixes& suffix) {
  const std::string region(region_name);
  const std::string below_region = "." + region + "." + suffix.sagemaker;
  const auto api_names = [&](const std::string& prefix) {
    StudioNames list{Scope::name, {}};
    // The FIPS and dual-stack names do not exist in every region: asking for one that does not costs an
    // NXDOMAIN, leaving out one that does would send it to public DNS. (General Reference: api-fips also
    // under api.aws; SDKs: runtime-fips, and sagemaker-fips for FIPS with dual stack.)
    for (const std::string& domain : {suffix.amazonaws, suffix.dual_stack}) {
      if (domain.empty()) continue;
      list.names.push_back(prefix + ".sagemaker." + region + "." + domain);
      if (suffix.has_fips) list.names.push_back(prefix + "-fips.sagemaker." + region + "." + domain);
    }
    if (suffix.has_fips && !suffix.dual_stack.empty())
      list.names.push_back(prefix + ".sagemaker-fips." + region + "." + suffix.dual_stack);
    return list;
  };
  switch (service) {
    case StudioService::studio: {
      StudioNames list{Scope::zone, {"studio" + below_region}};
      // studio-fips exists in GovCloud only (Public Suffix List, entries by Amazon).
      if (is_gov(region)) list.names.push_back("studio-fips" + below_region);
      // The interface endpoint answers for this family too, and Studio asks for it.
      if (!suffix.app.empty()) list.names.push_back("studio.sagemaker." + region + "." + suffix.app);
      return list;
    }
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
    case StudioService::mlflow_app:
      // Another interface endpoint than that of tracking servers: a VPC may have one and not the other.
      return {Scope::zone, {"mlflow.sagemaker." + region + "." + suffix.app}};
  }
  return {};
}

bool needs_expect(StudioService service) {
  return service == StudioService::api || service == StudioService::runtime;
}

}  // namespace penstock::config
