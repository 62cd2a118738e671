#include "control/import/readers/aws/services.h"

#include <map>

#include "config/read/studio.h"
#include "control/import/form/words.h"

namespace penstock::imports {

std::string service_word(std::string_view name, std::string_view region) {
  static const std::map<std::string, std::string, std::less<>> kWords = {
      {"aws.sagemaker.R.studio", "studio"},
      {"com.amazonaws.R.sagemaker.api", "api"},
      {"com.amazonaws.R.sagemaker.runtime", "runtime"},
      {"aws.sagemaker.R.notebook", "notebook"},
      {"aws.sagemaker.R.experiments", "mlflow"},
      {"aws.sagemaker.R.mlflow", "mlflow-app"},
      {"aws.sagemaker.R.labeling", "labeling"}};
  for (const auto& [pattern, word] : kWords) {
    std::string full = pattern;
    full.replace(full.find(".R.") + 1, 1, region);
    if (name == full || name == "cn." + full) return word;
  }
  return {};
}

std::string region_in(std::string_view text) {
  for (const std::string_view part : split(text, "./:"))
    for (const std::string_view region : config::known_regions())
      if (part == region) return std::string(region);
  return {};
}

}  // namespace penstock::imports
