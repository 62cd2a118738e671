#include "control/admin/explain_file.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "config/read/read_model.h"

namespace penstock::control {
namespace {

constexpr const char* kRules = R"(ports: [{name: corp, device: "af_xdp:eth0"}]
clients:
  allow: [10.0.0.0/8, "fd00::/8"]
  deny: [10.66.0.0/16]
  groups: {lab: {prefixes: [10.30.0.0/16]}}
pools:
  corporate: {kind: recursive, endpoints: [192.168.10.2]}
  lab: {kind: recursive, endpoints: [10.1.1.1, 10.1.1.2]}
zones:
  - {zone: a.example, pool: lab, clients: [lab], otherwise: next}
  - {zone: b.example, pool: lab, clients: [lab]}
  - {name: c.example, answer: [10.9.9.9]}
  - {zone: "*.d.example", answer: nxdomain}
default: {pool: corporate}
)";

struct Case {
  std::string description;
  std::string name;
  std::string client;
  std::string action;  // "refused" where the client gets nothing
  std::string pool;
  std::string zone;  // that matched
};

const Case kCases[] = {
    {.description = "no zone",
     .name = "www.example",
     .client = "",
     .action = "forward",
     .pool = "corporate",
     .zone = ""},
    {.description = "of a view",
     .name = "x.a.example",
     .client = "10.30.0.1",
     .action = "forward",
     .pool = "lab",
     .zone = "a.example"},
    {.description = "of another view: the next entry",
     .name = "x.a.example",
     .client = "10.1.1.1",
     .action = "forward",
     .pool = "corporate",
     .zone = ""},
    {.description = "of another view, which is left out",
     .name = "b.example",
     .client = "10.1.1.1",
     .action = "refused",
     .pool = "",
     .zone = "b.example"},
    {.description = "the name itself",
     .name = "c.example",
     .client = "fd00::7",
     .action = "addresses",
     .pool = "",
     .zone = "c.example"},
    {.description = "below a name",
     .name = "x.c.example",
     .client = "",
     .action = "forward",
     .pool = "corporate",
     .zone = ""},
    {.description = "below a wildcard",
     .name = "x.d.example",
     .client = "",
     .action = "nxdomain",
     .pool = "",
     .zone = "d.example"},
    {.description = "a wildcard's own name",
     .name = "d.example",
     .client = "",
     .action = "forward",
     .pool = "corporate",
     .zone = ""},
    {.description = "a client that may not ask",
     .name = "www.example",
     .client = "10.66.1.1",
     .action = "refused",
     .pool = "corporate",
     .zone = ""},
    {.description = "a client of no list",
     .name = "www.example",
     .client = "192.0.2.1",
     .action = "refused",
     .pool = "corporate",
     .zone = ""},
};

TEST(ExplainFile, RuleOfNameAndClient) {
  const auto read = config::read_model_text(kRules, "rules.yaml");
  ASSERT_TRUE(read.model);
  const FileRules rules(*read.model);
  for (const Case& one : kCases) {
    SCOPED_TRACE(one.description);
    const auto client = one.client.empty() ? config::IpAddress{} : *config::parse_address(one.client);
    const nlohmann::json of = rules.explain(*config::parse_name(one.name), "A", client);
    const bool may_ask = !of.contains("client") || of["client"]["may_ask"].get<bool>();
    const bool refused = !may_ask || of["rule"]["left_out"].get<bool>();
    EXPECT_EQ(refused ? "refused" : of["rule"]["action"].get<std::string>(), one.action) << of.dump();
    EXPECT_EQ(of.contains("pool") ? of["pool"]["name"].get<std::string>() : "", one.pool) << of.dump();
    EXPECT_EQ(of["match"].value("zone", ""), one.zone) << of.dump();
    EXPECT_FALSE(of.contains("generation") || of.contains("cache"));
  }
  const nlohmann::json of = rules.explain(*config::parse_name("a.example"), "A", *config::parse_address("10.30.0.1"));
  EXPECT_EQ(of["endpoints"], nlohmann::json({{{"address", "10.1.1.1"}}, {{"address", "10.1.1.2"}}}));
}

}  // namespace
}  // namespace penstock::control
