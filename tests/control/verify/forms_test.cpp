#include "control/verify/forms.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace penstock::control {
namespace {

using nlohmann::json;

// One zone of a report, with an answer of one endpoint.
json zone(const std::string& name, const std::string& rule, const std::string& answer, bool ok, bool absent) {
  const json addresses = ok ? json::array({answer}) : json::array();
  return {{"zone", name},
          {"rule", rule},
          {"ok", ok},
          {"servers", json::array({{{"role", "endpoint"},
                                    {"type", "A"},
                                    {"ok", ok},
                                    {"verdict", ok ? "ok" : "WRONG"},
                                    {"answer", answer},
                                    {"meaning", ok ? "" : "why"},
                                    {"absent", absent},
                                    {"addresses", addresses}}})}};
}

const std::string kApi = "api.sagemaker.us-east-1.amazonaws.com";
const std::string kFips = "api-fips.sagemaker.us-east-1.amazonaws.com";
const std::string kRule = "studio[0] api";

TEST(VerifyForms, NotOfferedIsNotWrong) {
  const json own = zone(kApi, kRule, "10.16.46.208", true, false);
  const json public_own = zone(kApi, kRule, "54.84.43.253", false, true);
  const struct {
    const char* description;
    json zones;  // the last is the one in question
    const char* verdict;
  } cases[] = {
      {.description = "public addresses of a form without an endpoint",
       .zones = {own, zone(kFips, kRule, "54.84.43.253", false, true)},
       .verdict = "not offered"},
      {.description = "no such name",
       .zones = {own, zone(kFips, kRule, "NXDOMAIN", false, true)},
       .verdict = "not offered"},
      {.description = "dual stack",
       .zones = {own, zone("api.sagemaker.us-east-1.api.aws", kRule, "NXDOMAIN", false, true)},
       .verdict = "not offered"},
      {.description = "Studio's second family",
       .zones = {zone("studio.us-east-1.sagemaker.aws", "studio[1] studio", "10.16.46.208", true, false),
                 zone("studio.sagemaker.us-east-1.app.aws", "studio[1] studio", "NXDOMAIN", false, true)},
       .verdict = "not offered"},
      {.description = "the service's own name",
       .zones = {own, zone(kFips, kRule, "10.16.46.209", true, false), public_own},
       .verdict = "WRONG"},
      {.description = "where the service's own name is wrong, too",
       .zones = {public_own, zone(kFips, kRule, "NXDOMAIN", false, true)},
       .verdict = "WRONG"},
      {.description = "where another service's name is right",
       .zones = {zone(kApi, "studio[0] runtime", "10.16.46.208", true, false),
                 zone(kFips, kRule, "NXDOMAIN", false, true)},
       .verdict = "WRONG"},
      {.description = "a name that the rules have themselves",
       .zones = {own, zone(kFips, "zones[0]", "54.84.43.253", false, true)},
       .verdict = "WRONG"},
      {.description = "an endpoint that fails",
       .zones = {own, zone(kFips, kRule, "SERVFAIL", false, false)},
       .verdict = "WRONG"},
      {.description = "MLflow's own name in app.aws",
       .zones = {own, zone("mlflow.sagemaker.us-east-1.app.aws", kRule, "NXDOMAIN", false, true)},
       .verdict = "WRONG"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    json zones = one.zones;
    tell_forms_not_offered(zones);
    const json& last = zones.back();
    EXPECT_EQ(last["servers"][0]["verdict"], one.verdict);
    EXPECT_EQ(last["ok"], last["servers"][0]["verdict"] != "WRONG");
    const std::string meaning = last["servers"][0]["meaning"];
    EXPECT_EQ(meaning.find("create the VPC endpoint") != std::string::npos, last["ok"].get<bool>());
    EXPECT_EQ(zones[0], one.zones[0]);
  }
}

}  // namespace
}  // namespace penstock::control
