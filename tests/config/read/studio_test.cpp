#include "config/read/studio.h"

#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

const std::string kLab = kBase + "  lab: {kind: recursive, private: on, endpoints: [10.20.1.10]}\n";

struct StudioCase {
  const char* description;
  const char* object;
  std::vector<std::string> names;
};

const StudioCase kCases[] = {
    {.description = "studio alone by default",
     .object = "region: us-east-1, pool: vpc",
     .names = {"zone studio.us-east-1.sagemaker.aws -> vpc private",
               "zone studio.sagemaker.us-east-1.app.aws -> vpc private"}},
    {.description = "capital letters",
     .object = "region: US-East-1, pool: vpc",
     .names = {"zone studio.us-east-1.sagemaker.aws -> vpc private",
               "zone studio.sagemaker.us-east-1.app.aws -> vpc private"}},
    {.description = "a recursive pool that is private",
     .object = "region: us-east-1, pool: lab",
     .names = {"zone studio.us-east-1.sagemaker.aws -> lab private",
               "zone studio.sagemaker.us-east-1.app.aws -> lab private"}},
    {.description = "GovCloud has a FIPS zone",
     .object = "region: us-gov-west-1, pool: vpc, domains: all",
     .names = {"zone studio.us-gov-west-1.sagemaker.aws -> vpc private",
               "zone studio-fips.us-gov-west-1.sagemaker.aws -> vpc private",
               "zone studio.sagemaker.us-gov-west-1.app.aws -> vpc private"}},
    {.description = "api",
     .object = "region: eu-west-1, pool: vpc, services: [api], expect: 10.0.0.0/8",
     .names = {"exact api.sagemaker.eu-west-1.amazonaws.com -> vpc private",
               "exact api-fips.sagemaker.eu-west-1.amazonaws.com -> vpc private",
               "exact api.sagemaker.eu-west-1.api.aws -> vpc private",
               "exact api-fips.sagemaker.eu-west-1.api.aws -> vpc private",
               "exact api.sagemaker-fips.eu-west-1.api.aws -> vpc private"}},
    {.description = "runtime",
     .object = "region: us-east-1, pool: vpc, services: runtime, expect: 10.0.0.0/8",
     .names = {"exact runtime.sagemaker.us-east-1.amazonaws.com -> vpc private",
               "exact runtime-fips.sagemaker.us-east-1.amazonaws.com -> vpc private",
               "exact runtime.sagemaker.us-east-1.api.aws -> vpc private",
               "exact runtime-fips.sagemaker.us-east-1.api.aws -> vpc private",
               "exact runtime.sagemaker-fips.us-east-1.api.aws -> vpc private"}},
    {.description = "notebook in Europe",
     .object = "region: eu-west-1, pool: vpc, services: [notebook]",
     .names = {"zone notebook.eu-west-1.sagemaker.aws -> vpc private"}},
    {.description = "notebook in America",
     .object = "region: us-west-2, pool: vpc, services: [notebook]",
     .names = {"zone notebook.us-west-2.sagemaker.aws -> vpc private",
               "zone notebook-fips.us-west-2.sagemaker.aws -> vpc private"}},
    {.description = "labeling and mlflow",
     .object = "region: us-east-1, pool: vpc, services: [labeling, mlflow]",
     .names = {"zone labeling.us-east-1.sagemaker.aws -> vpc private",
               "zone us-east-1.experiments.sagemaker.aws -> vpc private"}},
    {.description = "MLflow Apps have an endpoint of their own",
     .object = "region: us-east-1, pool: vpc, services: mlflow-app",
     .names = {"zone mlflow.sagemaker.us-east-1.app.aws -> vpc private"}},
    {.description = "China",
     .object = "region: cn-north-1, pool: vpc, services: [studio, api], expect: 10.0.0.0/8",
     .names = {"zone studio.cn-north-1.sagemaker.com.cn -> vpc private",
               "exact api.sagemaker.cn-north-1.amazonaws.com.cn -> vpc private",
               "exact api.sagemaker.cn-north-1.api.amazonwebservices.com.cn -> vpc private"}},
    {.description = "the sovereign cloud, whose API has known domains",
     .object = "region: eusc-de-east-1, pool: vpc, services: [api, runtime], expect: 10.0.0.0/8",
     .names = {"exact api.sagemaker.eusc-de-east-1.amazonaws.eu -> vpc private",
               "exact api-fips.sagemaker.eusc-de-east-1.amazonaws.eu -> vpc private",
               "exact api.sagemaker.eusc-de-east-1.api.amazonwebservices.eu -> vpc private",
               "exact api-fips.sagemaker.eusc-de-east-1.api.amazonwebservices.eu -> vpc private",
               "exact api.sagemaker-fips.eusc-de-east-1.api.amazonwebservices.eu -> vpc private",
               "exact runtime.sagemaker.eusc-de-east-1.amazonaws.eu -> vpc private",
               "exact runtime-fips.sagemaker.eusc-de-east-1.amazonaws.eu -> vpc private",
               "exact runtime.sagemaker.eusc-de-east-1.api.amazonwebservices.eu -> vpc private",
               "exact runtime-fips.sagemaker.eusc-de-east-1.api.amazonwebservices.eu -> vpc private",
               "exact runtime.sagemaker-fips.eusc-de-east-1.api.amazonwebservices.eu -> vpc private"}},
    {.description = "the sovereign cloud's Studio, by its suffix",
     .object = "region: eusc-de-east-1, pool: vpc, suffix: {sagemaker: sm.example}",
     .names = {"zone studio.eusc-de-east-1.sm.example -> vpc private"}},
    {.description = "another partition, by all its suffixes",
     .object = "region: x-east-1, pool: vpc, suffix: {sagemaker: sm.example, app: app.example, amazonaws: aws.example, "
               "dual_stack: "
               "ds.example}, services: [studio, api, mlflow-app], expect: 10.0.0.0/8",
     .names = {"zone studio.x-east-1.sm.example -> vpc private",
               "zone studio.sagemaker.x-east-1.app.example -> vpc private",
               "exact api.sagemaker.x-east-1.aws.example -> vpc private",
               "exact api-fips.sagemaker.x-east-1.aws.example -> vpc private",
               "exact api.sagemaker.x-east-1.ds.example -> vpc private",
               "exact api-fips.sagemaker.x-east-1.ds.example -> vpc private",
               "exact api.sagemaker-fips.x-east-1.ds.example -> vpc private",
               "zone mlflow.sagemaker.x-east-1.app.example -> vpc private"}},
    {.description = "another partition, by its suffix",
     .object = "region: x-east-1, pool: vpc, suffix: sm.example",
     .names = {"zone studio.x-east-1.sm.example -> vpc private"}},
    {.description = "another partition, by both suffixes",
     .object =
         "region: x-east-1, pool: vpc, suffix: {sagemaker: sm.example, amazonaws: Aws.Example}, services: [studio, "
         "runtime], expect: 10.0.0.0/8",
     .names = {"zone studio.x-east-1.sm.example -> vpc private",
               "exact runtime.sagemaker.x-east-1.aws.example -> vpc private",
               "exact runtime-fips.sagemaker.x-east-1.aws.example -> vpc private"}},
    {.description = "a list of domains, others refused",
     .object = "region: us-east-1, pool: vpc, domains: [d-a, D-B], others: refuse",
     .names = {"zone d-a.studio.us-east-1.sagemaker.aws -> vpc private",
               "zone d-a.studio.sagemaker.us-east-1.app.aws -> vpc private",
               "zone studio-d-a.studio.us-east-1.sagemaker.aws -> vpc private",
               "zone studio-d-a.studio.sagemaker.us-east-1.app.aws -> vpc private",
               "zone d-b.studio.us-east-1.sagemaker.aws -> vpc private",
               "zone d-b.studio.sagemaker.us-east-1.app.aws -> vpc private",
               "zone studio-d-b.studio.us-east-1.sagemaker.aws -> vpc private",
               "zone studio-d-b.studio.sagemaker.us-east-1.app.aws -> vpc private",
               "zone studio.us-east-1.sagemaker.aws = refused", "zone studio.sagemaker.us-east-1.app.aws = refused"}},
    {.description = "a list of domains, others elsewhere",
     .object = "region: us-east-1, pool: vpc, domains: [d-a], others: office",
     .names = {"zone d-a.studio.us-east-1.sagemaker.aws -> vpc private",
               "zone d-a.studio.sagemaker.us-east-1.app.aws -> vpc private",
               "zone studio-d-a.studio.us-east-1.sagemaker.aws -> vpc private",
               "zone studio-d-a.studio.sagemaker.us-east-1.app.aws -> vpc private",
               "zone studio.us-east-1.sagemaker.aws -> office", "zone studio.sagemaker.us-east-1.app.aws -> office"}},
    {.description = "a list of domains in GovCloud",
     .object = "region: us-gov-east-1, pool: vpc, domains: [d-a], others: vpc",
     .names = {"zone d-a.studio.us-gov-east-1.sagemaker.aws -> vpc private",
               "zone d-a.studio-fips.us-gov-east-1.sagemaker.aws -> vpc private",
               "zone d-a.studio.sagemaker.us-gov-east-1.app.aws -> vpc private",
               "zone studio-d-a.studio.us-gov-east-1.sagemaker.aws -> vpc private",
               "zone studio-d-a.studio-fips.us-gov-east-1.sagemaker.aws -> vpc private",
               "zone studio-d-a.studio.sagemaker.us-gov-east-1.app.aws -> vpc private",
               "zone studio.us-gov-east-1.sagemaker.aws -> vpc private",
               "zone studio-fips.us-gov-east-1.sagemaker.aws -> vpc private",
               "zone studio.sagemaker.us-gov-east-1.app.aws -> vpc private"}},
};

TEST(Studio, ExpandsByItsTable) {
  for (const StudioCase& one : kCases) {
    SCOPED_TRACE(one.description);
    const ReadModel read = read_model_text(kLab + "studio:\n  - {" + one.object + "}\n", "test.yaml");
    ASSERT_TRUE(read.model.has_value()) << all_findings(read);
    EXPECT_EQ(entry_texts(*read.model), one.names);
  }
}

TEST(Studio, TwoAccountsShareARegion) {
  const Model model = model_of(kLab + R"(studio:
  - {region: us-east-1, pool: vpc, domains: all, expect: 10.16.0.0/16}
  - {region: us-east-1, pool: lab, domains: [d-b], others: vpc}
)");
  EXPECT_EQ(entry_texts(model),
            (std::vector<std::string>{"zone studio.us-east-1.sagemaker.aws -> vpc private",
                                      "zone studio.sagemaker.us-east-1.app.aws -> vpc private",
                                      "zone d-b.studio.us-east-1.sagemaker.aws -> lab private",
                                      "zone d-b.studio.sagemaker.us-east-1.app.aws -> lab private",
                                      "zone studio-d-b.studio.us-east-1.sagemaker.aws -> lab private",
                                      "zone studio-d-b.studio.sagemaker.us-east-1.app.aws -> lab private"}));
  EXPECT_EQ(model.rules[model.zones.entries[0].rule].expect, std::vector{*parse_prefix("10.16.0.0/16")});
  EXPECT_EQ(model.rules[model.zones.entries[0].rule].origin, "studio[0] studio");
}

TEST(Studio, EveryKnownRegionHasItsPartition) {
  for (const auto region : known_regions()) EXPECT_TRUE(is_known_partition(region)) << region;
  for (const char* region : {"us-iso-east-1", "us-gov-east", "us-east1", "xx-east-1", "eusc-fr-west-1", "us--1"})
    EXPECT_FALSE(is_known_partition(region)) << region;
}

TEST(Studio, NeverImpliesTheRestOfAmazonaws) {
  for (const auto region : known_regions()) {
    for (size_t service = 0; service < studio_service_words().size(); ++service) {
      if (!missing_suffix(static_cast<StudioService>(service), studio_suffixes(region)).empty()) continue;
      const auto list = studio_names(static_cast<StudioService>(service), region, studio_suffixes(region));
      ASSERT_FALSE(list.names.empty());
      // The first is the service's own name, the others are forms of it.
      for (size_t i = 0; i < list.names.size(); ++i) EXPECT_EQ(is_further_form(list.names[i]), i != 0) << list.names[i];
      for (const std::string& name : list.names) {
        EXPECT_TRUE(parse_name(name).has_value()) << name;
        EXPECT_NE(name.find(region), std::string::npos) << name;
        EXPECT_NE(name.find("sagemaker"), std::string::npos) << name;
        EXPECT_EQ(list.scope == Scope::name, needs_expect(static_cast<StudioService>(service))) << name;
      }
    }
  }
}

}  // namespace
}  // namespace penstock::config::test
