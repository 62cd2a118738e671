#include "tests/config/read/model_text.h"

namespace penstock::config::test {
namespace {

struct WarningCase {
  const char* description;
  std::string yaml;  // behind kBase
  Severity severity;
  uint32_t line;  // 0: no finding of the severity is expected
  const char* key;
  const char* fragment;
};

const std::string kDefault = "default: {pool: office}\n";
const std::string kVpc = "zones:\n  - {zone: vpc.example, pool: vpc}\n";

const WarningCase kCases[] = {
    {.description = "nothing to warn of",
     .yaml = kDefault + kVpc,
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "metrics for the whole network",
     .yaml = kDefault + "metrics: {listen: \"0.0.0.0:9153\"}\n" + kVpc,
     .severity = Severity::warning,
     .line = 6,
     .key = "metrics.listen",
     .fragment = "add 'tls' and 'users'"},
    {.description = "metrics for the whole network in IPv6",
     .yaml = kDefault + "metrics: {listen: \"[fd00::1]:9153\"}\n" + kVpc,
     .severity = Severity::warning,
     .line = 6,
     .key = "metrics.listen",
     .fragment = "add 'tls' and 'users'"},
    {.description = "passwords of the metrics in plain text",
     .yaml = kDefault +
             "metrics: {listen: \"10.0.0.1:9153\", users: [{name: a, password_hash: "
             "\"$2y$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa\"}]}\n" +
             kVpc,
     .severity = Severity::warning,
     .line = 6,
     .key = "metrics.listen",
     .fragment = "plain text here: add 'tls'"},
    {.description = "metrics in TLS for everybody",
     .yaml =
         kDefault + "metrics: {listen: \"10.0.0.1:9153\", tls: {certificate: /etc/a.pem, key: /etc/a.key}}\n" + kVpc,
     .severity = Severity::warning,
     .line = 6,
     .key = "metrics.listen",
     .fragment = "add 'users'"},
    {.description = "metrics in TLS for some",
     .yaml = kDefault +
             "metrics: {listen: \"10.0.0.1:9153\", tls: {certificate: /etc/a.pem, key: /etc/a.key}, users: "
             "[{name: a, password_hash: \"$2y$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa\"}]}\n" +
             kVpc,
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "metrics on the loopback",
     .yaml = kDefault +
             "metrics: {listen: \"[::1]:9153\", users: [{name: a, password_hash: "
             "\"$2y$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa\"}]}\n" +
             kVpc,
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "a private *.zone leaves its apex to the default",
     .yaml = kDefault + "zones:\n  - {zone: \"*.ml.example\", pool: vpc}\n",
     .severity = Severity::warning,
     .line = 7,
     .key = "zones[0]",
     .fragment = "add {name: ml.example, pool: vpc}"},
    {.description = "its apex is given as a name",
     .yaml = kDefault + "zones:\n  - {zone: \"*.ml.example\", pool: vpc}\n  - {name: ml.example, pool: vpc}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "its apex lies in a private zone",
     .yaml = kDefault + "zones:\n  - {zone: \"*.ml.example\", pool: vpc}\n  - {zone: example, pool: vpc}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "its apex lies in a zone that is not private",
     .yaml = kDefault + "zones:\n  - {zone: \"*.ml.example\", pool: vpc}\n  - {zone: example, pool: office}\n",
     .severity = Severity::warning,
     .line = 7,
     .key = "zones[0]",
     .fragment = "goes to pool 'office': add"},
    {.description = "a *.zone that is not private",
     .yaml = kDefault + kVpc + "  - {zone: \"*.ml.example\", pool: office}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "a private *.zone without a default",
     .yaml = "zones:\n  - {zone: \"*.ml.example\", pool: vpc}\n  - {zone: o.example, pool: office}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "a pool that is not used",
     .yaml = kDefault,
     .severity = Severity::warning,
     .line = 3,
     .key = "pools.vpc",
     .fragment = "nothing is forwarded"},
    {.description = "no rules at all",
     .yaml = "",
     .severity = Severity::warning,
     .line = 0 + 3,
     .key = "pools.vpc",
     .fragment = "nothing is forwarded"},
    {.description = "a hole in a private zone",
     .yaml = kDefault + kVpc + "  - {zone: pub.vpc.example, pool: office}\n",
     .severity = Severity::warning,
     .line = 8,
     .key = "zones[1]",
     .fragment = "out of the private zone vpc.example on line 7"},
    {.description = "an unknown region",
     .yaml = kDefault + "studio:\n  - {region: us-esat-1, pool: vpc}\n",
     .severity = Severity::warning,
     .line = 7,
     .key = "studio[0].region",
     .fragment = "did you mean 'us-east-1'?"},
    {.description = "one host of a domain by hand",
     .yaml = kDefault + "zones:\n  - {zone: d-a.studio.us-east-1.sagemaker.aws, pool: vpc}\n",
     .severity = Severity::warning,
     .line = 7,
     .key = "zones[0]",
     .fragment = "a Studio domain has two hosts, and studio-d-a.studio.us-east-1.sagemaker.aws goes to pool 'office', "
                 "not to pool "
                 "'vpc'"},
    {.description = "the other host of a domain by hand",
     .yaml = kDefault + "zones:\n  - {zone: studio-d-a.studio.us-east-1.sagemaker.aws, pool: vpc}\n",
     .severity = Severity::warning,
     .line = 7,
     .key = "zones[0]",
     .fragment = "and d-a.studio.us-east-1.sagemaker.aws goes to pool 'office'"},
    {.description = "both hosts of a domain by hand",
     .yaml = kDefault + "zones:\n  - {zone: d-a.studio.us-east-1.sagemaker.aws, pool: vpc}\n"
                        "  - {zone: studio-d-a.studio.us-east-1.sagemaker.aws, pool: vpc}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "the host of another domain in the region's pool",
     .yaml = kDefault + "zones:\n  - {zone: d-a.studio.us-east-1.sagemaker.aws, pool: vpc}\n"
                        "  - {zone: studio.us-east-1.sagemaker.aws, pool: vpc}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "a domain id of another look",
     .yaml = kDefault + "studio:\n  - {region: us-east-1, pool: vpc, domains: [mine], others: refuse}\n",
     .severity = Severity::warning,
     .line = 7,
     .key = "studio[0].domains[0]",
     .fragment = "start with d-"},
    {.description = "others to a pool that is not private",
     .yaml = "studio:\n  - {region: us-east-1, pool: vpc, domains: [d-a], others: office}\n",
     .severity = Severity::warning,
     .line = 6,
     .key = "studio[0].others",
     .fragment = "pool 'office' is not private: the hosts of spaces"},
    {.description = "others to the default's pool",
     .yaml = kDefault + "studio:\n  - {region: us-east-1, pool: vpc, domains: [d-a], others: office}\n",
     .severity = Severity::warning,
     .line = 7,
     .key = "studio[0].others",
     .fragment = "pool 'office' is the default's"},
    {.description = "others to a private pool",
     .yaml = kDefault + "studio:\n  - {region: us-east-1, pool: vpc, domains: [d-a], others: vpc}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "an endpoint in two private pools",
     .yaml = "  lab: {kind: recursive, private: on, endpoints: [10.16.1.10]}\n" + kDefault +
             "zones: [{zone: a.example, pool: lab}, {zone: b.example, pool: vpc}]\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "source ports within the fleet's budget",
     .yaml = kDefault + kVpc + "dataplane: {source_ports: {budget: 40000, nodes: 3}}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "source ports beyond it",
     .yaml = kDefault + kVpc + "dataplane: {source_ports: {first: 20000, count: 16384, budget: 40000, nodes: 3}}\n",
     .severity = Severity::warning,
     .line = 8,
     .key = "dataplane.source_ports",
     .fragment = "16384 source ports on each of 3 nodes are 49152 address and port pairs, more than the budget of "
                 "40000: a count "
                 "of "
                 "13333 fits"},
    {.description = "too few to guess",
     .yaml = "lcores: 4\n" + kDefault + kVpc + "dataplane: {source_ports: {first: 20000, count: 1000}}\n",
     .severity = Severity::warning,
     .line = 9,
     .key = "dataplane.source_ports",
     .fragment = "250 source ports per lcore leave fewer than 24 bits"},
    {.description = "just enough",
     .yaml = "lcores: 4\n" + kDefault + kVpc + "dataplane: {source_ports: {first: 20000, count: 1024}}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "expect on private names",
     .yaml = kDefault + "zones:\n  - {zone: a.example, pool: vpc, expect: 10.0.0.0/8}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "expect on names that are not private",
     .yaml = kDefault + kVpc + "  - {zone: a.example, pool: office, expect: 10.0.0.0/8}\n",
     .severity = Severity::warning,
     .line = 8,
     .key = "zones[1].expect",
     .fragment = "write 'private: on'"},
    {.description = "expect on names that are made private",
     .yaml = kDefault + kVpc + "  - {zone: a.example, pool: office, private: on, expect: 10.0.0.0/8}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "expect on names that are answered here",
     .yaml = kDefault + kVpc + "  - {zone: a.example, answer: nxdomain, expect: 10.0.0.0/8}\n",
     .severity = Severity::warning,
     .line = 8,
     .key = "zones[1].expect",
     .fragment = "answered here"},
    {.description = "how long expired answers are good, where none is given",
     .yaml = "  lab: {kind: recursive, endpoints: [10.20.1.10], cache: {max_stale: 3600}}\n" + kDefault + kVpc +
             "  - {zone: lab.example, pool: lab}\n",
     .severity = Severity::warning,
     .line = 5,
     .key = "pools.lab.cache.max_stale",
     .fragment = "add 'stale: on'"},
    {.description = "how long expired answers are good, where they are given",
     .yaml = "  lab: {kind: recursive, endpoints: [10.20.1.10], cache: {max_stale: 3600, stale: on}}\n" + kDefault +
             kVpc + "  - {zone: lab.example, pool: lab}\n",
     .severity = Severity::warning,
     .line = 0,
     .key = "",
     .fragment = ""},
    {.description = "nothing to note",
     .yaml = kDefault + kVpc,
     .severity = Severity::note,
     .line = 0,
     .key = "",
     .fragment = ""},
};

TEST(ReadModelWarnings, SayWhatToDoAndLeaveTheModel) {
  for (const WarningCase& one : kCases) {
    SCOPED_TRACE(one.description);
    const ReadModel read = read_model_text(kBase + one.yaml, "test.yaml");
    EXPECT_TRUE(read.model.has_value()) << all_findings(read);
    bool found = false;
    for (const Finding& finding : read.findings) {
      if (finding.severity != one.severity) continue;
      EXPECT_NE(one.line, 0U) << to_text(finding);
      found = found || (finding.line == one.line && finding.key == one.key &&
                        finding.text.find(one.fragment) != std::string::npos);
    }
    EXPECT_TRUE(found || one.line == 0) << all_findings(read);
  }
}

TEST(ReadModelWarnings, HolesInPrivateZonesAreCountedBehindTheFifth) {
  for (const int holes : {5, 6, 8}) {
    std::string yaml = kBase + kDefault + kVpc;
    for (int i = 0; i < holes; ++i) yaml += "  - {zone: h" + std::to_string(i) + ".vpc.example, pool: office}\n";
    const ReadModel read = read_model_text(yaml, "test.yaml");
    EXPECT_TRUE(read.model.has_value());
    ASSERT_EQ(read.findings.size(), holes == 5 ? 5U : 6U) << all_findings(read);
    if (holes == 5) continue;
    EXPECT_EQ(read.findings[5].severity, Severity::warning);
    EXPECT_EQ(read.findings[5].line, 13U);
    EXPECT_TRUE(read.findings[5].text.starts_with("and " + std::to_string(holes - 5) + " more")) << all_findings(read);
  }
}

TEST(ReadModelWarnings, APoolsShareOfTheCacheIsMoreThanThereIs) {
  const std::string yaml =
      "ports: [{device: \"af_xdp:eth0\"}]\n"
      "pools:\n"
      "  a: {kind: recursive, endpoints: [10.0.0.1], cache: {size: 65MiB}}\n"
      "default: {pool: a}\n";
  const ReadModel read = read_model_text(yaml, "test.yaml");
  ASSERT_EQ(read.findings.size(), 1U) << all_findings(read);
  EXPECT_EQ(read.findings[0].severity, Severity::warning);
  EXPECT_EQ(read.findings[0].line, 3U);
  EXPECT_EQ(read.findings[0].key, "pools.a.cache.size");
  EXPECT_EQ(all_findings(read_model_text(yaml + "dataplane: {cache_size: 65MiB}\n", "test.yaml")), "");
}

TEST(ReadModelWarnings, NoSettingIsWithoutEffect) {
  const ReadModel read = read_model_text(
      "ports: [{device: \"af_xdp:eth0\"}]\n"
      "pools:\n"
      "  a: {kind: recursive, tracked: off, randomise_case: on, endpoints: [{address: 10.0.0.1, budget: 5}]}\n"
      "  b: {kind: recursive, randomise_case: on, endpoints: [10.0.0.2]}\n"
      "default: {pool: a, cache: off}\n"
      "zones: [{zone: b.example, pool: b}]\n"
      "updates: a\n",
      "test.yaml");
  EXPECT_EQ(all_findings(read), "");
}

}  // namespace
}  // namespace penstock::config::test
