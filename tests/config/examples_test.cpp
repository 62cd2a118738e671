#include <filesystem>
#include <map>

#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

TEST(Examples, AreAllReadWithoutErrorOrWarning) {
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(PENSTOCK_EXAMPLES)) {
    if (file.path().extension() != ".yaml") continue;
    ++files;
    SCOPED_TRACE(file.path().string());
    const ReadModel read = read_model(file.path().string());
    EXPECT_TRUE(read.model.has_value()) << all_findings(read);
    for (const Finding& finding : read.findings) EXPECT_EQ(finding.severity, Severity::note) << to_text(finding);
    if (read.model) {
      EXPECT_NE(describe(*read.model), "");
    }
  }
  EXPECT_EQ(files, 8U);
}

std::vector<std::string> names_of(const std::string& file) {
  const ReadModel read = read_model(std::string(PENSTOCK_EXAMPLES) + "/" + file);
  EXPECT_TRUE(read.model.has_value()) << all_findings(read);
  return read.model ? entry_texts(*read.model) : std::vector<std::string>{};
}

TEST(Examples, MeanWhatTheySay) {
  const std::map<std::string, std::vector<std::string>> meanings = {
      {"minimal.yaml", {"zone studio.us-east-1.sagemaker.aws -> vpc private"}},
      {"office.yaml",
       {"zone studio.us-east-1.sagemaker.aws -> studio-us-east-1 private",
        "zone studio.sagemaker.us-east-1.app.aws -> studio-us-east-1 private",
        "exact api.sagemaker.us-east-1.amazonaws.com -> studio-us-east-1 private",
        "exact api-fips.sagemaker.us-east-1.amazonaws.com -> studio-us-east-1 private",
        "exact api.sagemaker.us-east-1.api.aws -> studio-us-east-1 private",
        "exact api-fips.sagemaker.us-east-1.api.aws -> studio-us-east-1 private",
        "exact api.sagemaker-fips.us-east-1.api.aws -> studio-us-east-1 private",
        "exact runtime.sagemaker.us-east-1.amazonaws.com -> studio-us-east-1 private",
        "exact runtime-fips.sagemaker.us-east-1.amazonaws.com -> studio-us-east-1 private",
        "exact runtime.sagemaker.us-east-1.api.aws -> studio-us-east-1 private",
        "exact runtime-fips.sagemaker.us-east-1.api.aws -> studio-us-east-1 private",
        "exact runtime.sagemaker-fips.us-east-1.api.aws -> studio-us-east-1 private",
        "below ml.example.internal -> studio-us-east-1 private",
        "exact ml.example.internal -> studio-us-east-1 private", "zone ads.example = nxdomain",
        "zone partner-one.example -> corporate", "below hosts.partner-two.example -> corporate",
        "zone partner-three.example -> corporate"}},
      {"local-records.yaml",
       {"zone d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws = records private",
        "zone studio-d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws = records private",
        "zone notebook.us-east-1.sagemaker.aws = records private", "zone ml.example.internal = records",
        "zone us-east-1.experiments.sagemaker.aws -> vpc private", "zone partner-one.example -> corporate",
        "below hosts.partner-two.example -> corporate", "zone partner-three.example -> corporate",
        "zone ads.example = nxdomain", "zone intranet.old.example = addresses"}},
      {"two-accounts.yaml",
       {"zone d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws -> research private",
        "zone d-sq9djt5lr5pc.studio.sagemaker.us-east-1.app.aws -> research private",
        "zone studio-d-sq9djt5lr5pc.studio.us-east-1.sagemaker.aws -> research private",
        "zone studio-d-sq9djt5lr5pc.studio.sagemaker.us-east-1.app.aws -> research private",
        "zone d-7kq2mxw0ab3f.studio.us-east-1.sagemaker.aws -> research private",
        "zone d-7kq2mxw0ab3f.studio.sagemaker.us-east-1.app.aws -> research private",
        "zone studio-d-7kq2mxw0ab3f.studio.us-east-1.sagemaker.aws -> research private",
        "zone studio-d-7kq2mxw0ab3f.studio.sagemaker.us-east-1.app.aws -> research private",
        "zone studio.us-east-1.sagemaker.aws -> research private",
        "zone studio.sagemaker.us-east-1.app.aws -> research private",
        "zone d-vj48ehn1tz6c.studio.us-east-1.sagemaker.aws -> trading private",
        "zone d-vj48ehn1tz6c.studio.sagemaker.us-east-1.app.aws -> trading private",
        "zone studio-d-vj48ehn1tz6c.studio.us-east-1.sagemaker.aws -> trading private",
        "zone studio-d-vj48ehn1tz6c.studio.sagemaker.us-east-1.app.aws -> trading private"}},
      {"two-regions.yaml",
       {"zone studio.us-east-1.sagemaker.aws -> virginia private",
        "zone studio.sagemaker.us-east-1.app.aws -> virginia private",
        "zone notebook.us-east-1.sagemaker.aws -> virginia private",
        "zone notebook-fips.us-east-1.sagemaker.aws -> virginia private",
        "zone us-east-1.experiments.sagemaker.aws -> virginia private",
        "zone studio.eu-central-1.sagemaker.aws -> frankfurt private",
        "zone studio.sagemaker.eu-central-1.app.aws -> frankfurt private",
        "zone labeling.eu-central-1.sagemaker.aws -> frankfurt private"}},
      {"views.yaml",
       {"zone studio.us-east-1.sagemaker.aws -> vpc-ml private",
        "zone studio.sagemaker.us-east-1.app.aws -> vpc-ml private",
        "zone studio.us-east-1.sagemaker.aws -> vpc-lab private",
        "zone studio.sagemaker.us-east-1.app.aws -> vpc-lab private", "zone games.example = nxdomain"}},
  };
  for (const auto& [file, names] : meanings) EXPECT_EQ(names_of(file), names) << file;
}

}  // namespace
}  // namespace penstock::config::test
