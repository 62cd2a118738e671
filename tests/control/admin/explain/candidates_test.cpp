// tests/control/admin/explain/candidates_test.cpp - which entries compete for a name, and the reasons that are given.
#include "control/admin/explain/candidates.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "config/read/read_model.h"
#include "control/admin/explain_file.h"

namespace penstock::control {
namespace {

const char* const kYaml = R"(
ports: [{name: corp, device: "vdev:net_null0"}]
listen: [192.168.10.86]
clients: {allow: [192.168.0.0/16], groups: {staff: {prefixes: [192.168.20.0/24]}, lab: {prefixes: [192.168.30.0/24]}}}
pools:
  vpc: {kind: recursive, endpoints: [10.16.1.10]}
  office: {kind: recursive, endpoints: [10.16.2.10]}
zones:
  - {zone: corp.example, pool: office}
  - {zone: "*.deep.corp.example", pool: vpc}
  - {name: www.corp.example, answer: nodata}
  - {zone: lab.example, pool: vpc, clients: [staff], otherwise: next}
  - {zone: lab.example, pool: office, clients: [lab], otherwise: next}
  - {zone: shut.example, pool: vpc, clients: [staff]}
  - {zone: example, answer: nxdomain}
default: {pool: office}
)";

struct Case {
  const char* description;
  const char* name;
  const char* client;
  std::vector<std::string> rows;  // zone, what it does: outcome, why
};

const Case kCases[] = {
    {.description = "nothing but the default",
     .name = "www.org",
     .client = "192.168.10.1",
     .rows = {"default, pool office: wins, no zone has the name"}},
    {.description = "the name itself before its zones",
     .name = "www.corp.example",
     .client = "192.168.10.1",
     .rows = {"www.corp.example, answer nodata: wins, it is the name itself",
              "corp.example, pool office: loses, www.corp.example is longer",
              "example, answer nxdomain: loses, www.corp.example is longer",
              "default, pool office: loses, it is for names that no zone has"}},
    {.description = "the longest zone",
     .name = "a.b.corp.example",
     .client = "192.168.10.1",
     .rows = {"corp.example, pool office: wins, it is the longest zone that has the name",
              "example, answer nxdomain: loses, corp.example is longer",
              "default, pool office: loses, it is for names that no zone has"}},
    {.description = "names below, not the name itself",
     .name = "deep.corp.example",
     .client = "192.168.10.1",
     .rows = {"*.deep.corp.example, pool vpc: does not apply, it is for the names below",
              "corp.example, pool office: wins, it is the longest zone that has the name",
              "example, answer nxdomain: loses, corp.example is longer",
              "default, pool office: loses, it is for names that no zone has"}},
    {.description = "the first entry is for others",
     .name = "x.lab.example",
     .client = "192.168.30.7",
     .rows =
         {"lab.example, pool vpc: passed on, it is for group staff",
          "lab.example, pool office: wins, it is the longest zone that has the name; those before it are for others",
          "example, answer nxdomain: loses, lab.example is longer",
          "default, pool office: loses, it is for names that no zone has"}},
    {.description = "both are for others",
     .name = "lab.example",
     .client = "192.168.10.1",
     .rows =
         {"lab.example, pool vpc: passed on, it is for group staff",
          "lab.example, pool office: passed on, it is for group lab",
          "example, answer nxdomain: wins, it is the longest zone that has the name; those before it are for others",
          "default, pool office: loses, it is for names that no zone has"}},
    {.description = "left out",
     .name = "x.shut.example",
     .client = "192.168.10.1",
     .rows = {"shut.example, pool vpc: wins, and refuses this client: the zone is for group staff",
              "example, answer nxdomain: loses, shut.example is longer",
              "default, pool office: loses, it is for names that no zone has"}},
};

TEST(Candidates, Table) {
  const auto read = config::read_model_text(kYaml, "test.yaml");
  ASSERT_TRUE(read.model) << config::to_text(read.findings.at(0));
  const FileRules rules(*read.model);
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.description);
    const auto name = config::parse_name(c.name).value();
    const config::Found found = rules.find(name, config::parse_address(c.client).value());
    std::vector<std::string> rows;
    for (const auto& row : candidates(*read.model, name, found)) {
      rows.push_back(row["zone"].get<std::string>() + ", " + row["does"].get<std::string>() + ": " +
                     row["outcome"].get<std::string>() + ", " + row["why"].get<std::string>());
      EXPECT_EQ(row["file"], "test.yaml");
      EXPECT_GT(row["line"], 0);
    }
    EXPECT_EQ(rows, c.rows);
  }
}

}  // namespace
}  // namespace penstock::control
