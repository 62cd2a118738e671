#include "control/queries/query_line.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

using nlohmann::json;

QueryNames names() {
  auto model = std::make_shared<config::Model>();
  model->pools.resize(1);
  model->pools[0].name = "vpc";
  config::Rule rule;
  rule.origin = "zones[2]";
  rule.action = config::Action::forward;
  model->rules = {rule};
  return {
      .model = model, .generation = 7, .endpoints = {{config::EndpointSlot{3}, *config::parse_address("10.16.1.10")}}};
}

json json_of(const config::NotedDecision& made, uint64_t unix_ns) {
  std::string line;
  append_json(line, made, names(), unix_ns);
  return json::parse(line);
}

std::string text_of(const config::NotedDecision& made, uint64_t unix_ns) {
  std::string line;
  append_text(line, made, names(), unix_ns);
  return line;
}

TEST(QueryLine, SaysEverythingOfAForwardedQuery) {
  config::NotedDecision made = noted("D-1.Studio.example", "192.168.10.21", 3);
  made.decision.by = config::DecidedBy::response;
  made.decision.outcome = static_cast<uint8_t>(config::ResponseOutcome::returned);
  made.decision.took_us = 12'345;
  made.decision.client_port = 40000;
  made.decision.id = 4660;
  made.decision.rule = 0;
  made.decision.generation = 7;
  made.decision.endpoint_slot = config::EndpointSlot{3};
  made.decision.sends = 2;
  made.decision.size = 123;
  made.decision.extended_error = 15;
  made.decision.traits = config::kDecisionRecursionDesired | config::kDecisionOpt | config::kDecisionTcp;
  EXPECT_EQ(text_of(made, 1'796'070'717'123'456'789),
            "2026-11-30T20:31:57.123456Z  192.168.10.21#40000 tcp  d-1.studio.example A  NXDOMAIN (EDE 15)  returned "
            "10.16.1.10 after 2 sends  12.345 ms  123 octets  zones[2]  [rd edns]");
  EXPECT_EQ(json_of(made, 1'796'070'717'123'456'789), (json{{"time", "2026-11-30T20:31:57.123456Z"},
                                                            {"client", "192.168.10.21"},
                                                            {"port", 40000},
                                                            {"transport", "tcp"},
                                                            {"id", 4660},
                                                            {"name", "d-1.studio.example"},
                                                            {"type", "A"},
                                                            {"class", "IN"},
                                                            {"outcome", "returned"},
                                                            {"rcode", "NXDOMAIN"},
                                                            {"ede", 15},
                                                            {"size", 123},
                                                            {"ms", 12.345},
                                                            {"rule", "zones[2]"},
                                                            {"pool", "vpc"},
                                                            {"endpoint", "10.16.1.10"},
                                                            {"sends", 2},
                                                            {"flags", "rd edns"}}));
}

TEST(QueryLine, ANameCannotBreakTheLine) {
  config::NotedDecision made = noted("a", "10.0.0.1");
  const std::string_view label = "\"\\\n\x01\xff{}";
  made.name[0] = static_cast<uint8_t>(label.size());
  std::copy(label.begin(), label.end(), made.name.begin() + 1);
  made.name[1 + label.size()] = 0;
  made.decision.name_length = static_cast<uint8_t>(2 + label.size());
  const std::string name = json_of(made, 0)["name"];
  EXPECT_EQ(*config::parse_name(name), std::string(made.name.begin(), made.name.begin() + made.decision.name_length));
  EXPECT_EQ(text_of(made, 0).find('\n'), std::string::npos);
}

TEST(QueryLine, WhatIsNotThereIsNull) {
  config::NotedDecision made = noted("", "fd00::1", config::kNotAnswered);
  made.decision.rule = 0;
  made.decision.generation = 6;  // of other rules than are known
  const json report = json_of(made, 0);
  for (const char* key : {"name", "type", "class", "rcode", "ede", "rule", "pool", "endpoint"})
    EXPECT_TRUE(report[key].is_null()) << key;
  EXPECT_EQ(report["client"], "fd00::1");
}

TEST(QueryLine, EveryOutcomeHasANameThatIsTakenBack) {
  config::Decision decision;
  unsigned named = 0;
  for (size_t by = 0; by < config::kDecidedBy; ++by) {
    decision.by = static_cast<config::DecidedBy>(by);
    for (unsigned outcome = 0; outcome < 256; ++outcome) {
      decision.outcome = static_cast<uint8_t>(outcome);
      const std::string name = outcome_of(decision);
      if (name == "unknown") break;
      EXPECT_TRUE(is_outcome(name)) << name;
      ++named;
    }
  }
  EXPECT_EQ(named,
            config::kQueryOutcomes + config::kResponseOutcomes + config::kSweepOutcomes + config::kWaiterOutcomes);
  EXPECT_FALSE(is_outcome("unknown"));
}

}  // namespace
}  // namespace penstock::control::test
