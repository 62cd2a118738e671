// tests/control/changes/rule_changes_test.cpp - what one configuration changes against another, by their YAML.
#include "control/changes/rule_changes.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/read/read_model.h"

namespace penstock::control {
namespace {

constexpr const char* kPorts = "ports: [{device: \"af_xdp:eth0\"}]\n";
constexpr const char* kPools =
    "pools:\n  vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}\n"
    "  office: {kind: recursive, endpoints: [10.16.3.10]}\n";
constexpr const char* kZones = "zones: [{zone: a.example, pool: vpc}, {zone: b.example, pool: office}]\n";
constexpr const char* kDefault = "default: {pool: office}\n";

config::Model model_of(const std::string& text) {
  auto read = config::read_model_text(text, "test.yaml");
  for (const auto& finding : read.findings)
    if (finding.severity == config::Severity::error) ADD_FAILURE() << config::to_text(finding);
  return std::move(*read.model);
}

std::string base() {
  return std::string(kPorts) + kPools + kZones + kDefault;
}

// "zones + c.example: to pool vpc, private on": a line a change.
std::vector<std::string> lines(const RuleChanges& changes) {
  std::vector<std::string> all;
  for (const Section& section : changes.sections)
    for (const Change& change : section.changes) {
      std::string line = std::string(section.name) +
                         (change.kind == ChangeKind::added     ? " + "
                          : change.kind == ChangeKind::removed ? " - "
                                                               : " ~ ") +
                         change.name;
      for (const std::string& detail : change.details) line += "; " + detail;
      all.push_back(line);
    }
  return all;
}

TEST(RuleChanges, NameWhatIsAddedRemovedAndChanged) {
  const std::string ports = kPorts, pools = kPools, zones = kZones, rest = kDefault;
  using Lines = std::vector<std::string>;
  const struct {
    const char* description;
    std::string next;
    Lines lines;
  } cases[] = {
      {.description = "nothing but a comment", .next = base() + "# a comment\n", .lines = {}},
      {.description = "the order of zones",
       .next = ports + pools + "zones: [{zone: b.example, pool: office}, {zone: a.example, pool: vpc}]\n" + rest,
       .lines = {}},
      {.description = "a zone more",
       .next = ports + pools +
               "zones: [{zone: a.example, pool: vpc}, {name: c.example, answer: nxdomain}, {zone: b.example, pool: "
               "office}]\n" +
               rest,
       .lines = {"zones + c.example (the name itself); to answer NXDOMAIN"}},
      {.description = "a zone less",
       .next = ports + pools + "zones: [{zone: b.example, pool: office}]\n" + rest,
       .lines = {"zones - a.example; to pool vpc, private on"}},
      {.description = "a zone that moves",
       .next = ports + pools + "zones: [{zone: a.example, pool: vpc}, {zone: b.example, pool: vpc}]\n" + rest,
       .lines = {"zones ~ b.example; to: pool office -> pool vpc; private: off -> on"}},
      {.description = "no default", .next = ports + pools + zones, .lines = {"zones - default; to pool office"}},
      {.description = "an endpoint more",
       .next = ports +
               "pools:\n  vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10, 10.16.4.10]}\n"
               "  office: {kind: recursive, endpoints: [10.16.3.10], policy: ordered}\n" +
               zones + rest,
       .lines = {"pools ~ office; order of endpoints: + 10.16.3.10; policy: least-outstanding -> ordered",
                 "endpoints + vpc 10.16.4.10; budget 10000, weight 1"}},
      {.description = "clients",
       .next = base() + "clients: {allow: [10.0.0.0/8], groups: {lab: {prefixes: [10.1.0.0/16]}}}\n",
       .lines = {"clients ~ clients; allow: - 100.64.0.0/10, - 127.0.0.0/8, - 169.254.0.0/16, - 172.16.0.0/12, - "
                 "192.168.0.0/16, - "
                 "::1/128, - fc00::/7, - fe80::/10",
                 "clients + group lab; prefixes 10.1.0.0/16, weight 1, rate 0, rate_per_client as for all, udp_size as "
                 "the pool"}},
      {.description = "settings",
       .next = base() + "lcores: 2\nempty_zones: on\n",
       .lines = {"settings ~ empty_zones; empty_zones: off -> on",
                 "settings ~ lcores; lcores: auto -> 2 (after a restart of penstock-dataplane)"}},
  };
  const config::Model before = model_of(base());
  for (const auto& c : cases) {
    const RuleChanges changes = find_changes(before, model_of(c.next));
    EXPECT_EQ(lines(changes), c.lines) << c.description;
    EXPECT_EQ(changes.count(), c.lines.size()) << c.description;
    EXPECT_EQ(find_changes(model_of(c.next), before).count(), c.lines.size()) << "back: " << c.description;
  }
}

TEST(RuleChanges, EntriesOfANameForSeveralGroupsAreApart) {
  const std::string groups = "clients: {groups: {lab: {prefixes: [10.1.0.0/16]}, shop: {prefixes: [10.2.0.0/16]}}}\n";
  const auto with = [&](const char* zones) {
    return model_of(std::string(kPorts) + kPools + groups + zones + kDefault);
  };
  const std::string lab = "zones: [{zone: a.example, answer: nxdomain, clients: [lab], otherwise: next}, ";
  const std::string rest = "{zone: a.example, pool: office}]\n";
  EXPECT_EQ(
      lines(find_changes(
          with((lab + rest).c_str()),
          with((lab + "{zone: a.example, answer: nodata, clients: [shop], otherwise: next}, " + rest).c_str()))),
      std::vector<std::string>{"zones + a.example (clients of shop); to answer NODATA, clients shop, otherwise next"});
}

TEST(RuleChanges, AreCountedAndOnlySomeArePutInWords) {
  std::string many = "zones: [{zone: a.example, pool: vpc}, {zone: b.example, pool: office}";
  for (int i = 0; i < 50; ++i) many += ", {zone: z" + std::to_string(i) + ".example, pool: office}";
  const RuleChanges changes =
      find_changes(model_of(base()), model_of(std::string(kPorts) + kPools + many + "]\n" + kDefault), 3);
  EXPECT_EQ(changes.sections[0].count(), 50U);
  EXPECT_EQ(changes.sections[0].changes.size(), 3U);
  EXPECT_EQ(changes.line(), "zones: 50 added (z0.example, z1.example, z2.example, ...)");
  EXPECT_EQ(RuleChanges{}.line(), "nothing");
}

}  // namespace
}  // namespace penstock::control
