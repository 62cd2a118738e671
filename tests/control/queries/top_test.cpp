#include "control/queries/top.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

using nlohmann::json;

TEST(Top, CountsExactly) {
  const QueryNames names{.model = nullptr,
                         .generation = 0,
                         .endpoints = {{config::EndpointSlot{0}, *config::parse_address("10.16.1.10")}}};
  Top top(names);
  for (unsigned i = 0; i < 6; ++i) top.add(noted("WWW.example", "10.0.0.1"));
  for (unsigned i = 0; i < 3; ++i) top.add(noted("mail.example", "10.0.0.2", 2));
  top.add(noted("x.example", "10.0.0.3", 5));
  config::NotedDecision forwarded = noted("far.example", "10.0.0.1");
  forwarded.decision.by = config::DecidedBy::response;
  forwarded.decision.outcome = static_cast<uint8_t>(config::ResponseOutcome::returned);
  forwarded.decision.endpoint_slot = config::EndpointSlot{0};
  forwarded.decision.took_us = 20'000;
  top.add(forwarded);
  const json report = top.report(2, 3);
  EXPECT_EQ(report["queries"], 11);
  EXPECT_EQ(report["per_second"], 5.5);
  EXPECT_EQ(report["names"], (json{{{"of", "www.example"}, {"queries", 6}},
                                   {{"of", "mail.example"}, {"queries", 3}},
                                   {{"of", "far.example"}, {"queries", 1}}}));
  EXPECT_EQ(report["clients"][0], (json{{"of", "10.0.0.1"}, {"queries", 7}}));
  EXPECT_EQ(report["failing"], (json{{{"of", "mail.example"}, {"queries", 3}}}));
  EXPECT_EQ(report["refused"], (json{{{"of", "10.0.0.3"}, {"queries", 1}}}));
  EXPECT_EQ(report["slow"], (json{{{"of", "far.example"}, {"ms", 20.0}}}));
  EXPECT_EQ(report["endpoints"], (json{{{"of", "10.16.1.10"}, {"answers", 1}}}));
  EXPECT_EQ(report["ms"]["endpoints"]["p50"], 20.0);
  EXPECT_EQ(report["ms"]["all"]["p50"], 0.0);
  EXPECT_EQ(report["ms"]["all"]["max"], 20.0);
}

TEST(Top, NothingIsNothing) {
  const QueryNames names;
  const json report = Top(names).report(10, 5);
  EXPECT_EQ(report["queries"], 0);
  EXPECT_TRUE(report["ms"]["all"].is_null());
  EXPECT_TRUE(report["names"].empty());
}

}  // namespace
}  // namespace penstock::control::test
