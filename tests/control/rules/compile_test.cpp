// What compile() refuses and promises; the lookups in what it makes are tested in tests/dataplane/tables.
#include "control/rules/compile.h"

#include <gtest/gtest.h>

#include <random>

#include "dataplane/tables/ruleset.h"
#include "tests/dataplane/tables/sample_model.h"

namespace penstock::control {
namespace {

using config::Model;
using config::Scope;
using test::wire;

TEST(Compile, RefusesByReason) {
  struct Case {
    const char* description;
    std::function<void(Model&)> change;
    const char* reason;
  };
  const Case cases[] = {
      {"a pool without endpoints", [](Model& m) { m.pools[1].endpoints.clear(); }, "pool corporate has no endpoint"},
      {"a rule without a pool", [](Model& m) { m.rules[1].pool = 9; },
       "zones[1] forwards to a pool that does not exist"},
      {"a zone without a rule", [](Model& m) { test::add_zone(m, wire("a.example"), Scope::zone, 9); },
       "zone a.example has a rule"},
      {"a default without a rule", [](Model& m) { m.default_rule = 9; }, "the default is a rule"},
      {"one name, two rules",
       [](Model& m) {
         test::add_zone(m, wire("a.example"), Scope::zone, 0);
         test::add_zone(m, wire("a.example"), Scope::zone, 1);
       },
       "zone a.example is given twice"},
      {"one *.name, two rules",
       [](Model& m) {
         test::add_zone(m, wire("a.example"), Scope::below, 0);
         test::add_zone(m, wire("a.example"), Scope::below, 1);
       },
       "zone a.example is given twice"},
      {"more endpoints than slots",
       [](Model& m) { m.pools[1].endpoints.resize(config::kMaxEndpoints, m.pools[1].endpoints[0]); },
       "no slot is left for endpoint 192.168.10.2 of pool corporate"},
  };
  for (const Case& c : cases) {
    Model model = test::sample_model();
    c.change(model);
    const auto compiled = compile(model, 1, test::slots_in_order());
    ASSERT_FALSE(compiled) << c.description;
    EXPECT_NE(compiled.error().find(c.reason), std::string::npos) << c.description << ": " << compiled.error();
  }
}

TEST(Compile, RefusesOneSlotForTwo) {
  const auto compiled =
      compile(test::sample_model(), 1, [](const config::Pool&, const config::Endpoint&) { return uint16_t{3}; });
  EXPECT_FALSE(compiled);
}

TEST(Compile, TakesAZoneTwiceByOneRule) {
  Model model = test::sample_model();
  test::add_zone(model, wire("a.example"), Scope::zone, 1);
  test::add_zone(model, wire("a.example"), Scope::zone, 1);
  const auto compiled = compile(model, 1, test::slots_in_order());
  ASSERT_TRUE(compiled) << compiled.error();
  EXPECT_EQ(compiled->zones, 1U);
}

TEST(Compile, DrawsAKeyForEveryImage) {
  const Model model = test::sample_model();
  const auto key = [&](std::optional<uint64_t> given) {
    const auto compiled = compile(model, 1, test::slots_in_order(), given);
    return reinterpret_cast<const config::ImageHeader*>(compiled->image.data())->hash_key;
  };
  EXPECT_NE(key({}), key({}));
  EXPECT_EQ(key(5), 5U);
}

TEST(Compile, KeepsTheOrderOfRulesAndPools) {
  Model model = test::sample_model(3);
  model.rules[2] = {.action = config::Action::refused,
                    .pool = 7,
                    .is_private = false,
                    .cache = false,
                    .expect = {},
                    .origin = {},
                    .where = {}};
  model.clients.silent = true;
  const auto compiled = compile(model, 7, test::slots_in_order());
  ASSERT_TRUE(compiled) << compiled.error();
  const auto rules = tables::Ruleset::open(compiled->image);
  ASSERT_TRUE(rules) << rules.error();
  EXPECT_EQ(rules->header().generation, 7U);
  EXPECT_EQ(rules->header().checksum, compiled->checksum);
  EXPECT_EQ(rules->header().refused_silent, 1);
  EXPECT_EQ(rules->header().default_rule, config::kNoRule);
  EXPECT_EQ(rules->rule(0).is_private, 1);
  EXPECT_EQ(rules->rule(1).pool, 1U);
  EXPECT_EQ(rules->rule(2).action, static_cast<uint8_t>(config::Action::refused));
  EXPECT_EQ(rules->rule(2).cache, 0);
  EXPECT_EQ(rules->pool(0).kind, static_cast<uint8_t>(config::PoolKind::route53_inbound));
  EXPECT_EQ(rules->endpoints(0)[1].weight, 2U);
  EXPECT_EQ(rules->endpoints(0)[1].budget, 10000U);
}

// Large enough for tbb to work in parallel and for buckets to overflow.
TEST(Compile, ManyZonesAreAllFound) {
  Model model = test::sample_model(16);
  std::mt19937_64 random(3);
  std::vector<std::string> names;
  for (unsigned i = 0; i < 60000; ++i) {
    names.push_back(
        wire("d-" + std::to_string(i) + (random() % 2 == 0 ? ".studio.us-east-1.sagemaker.aws" : ".example")));
    test::add_zone(model, names.back(), Scope::zone, i % 16);
  }
  const auto compiled = compile(model, 1, test::slots_in_order());
  ASSERT_TRUE(compiled) << compiled.error();
  EXPECT_EQ(compiled->zones, names.size());
  const auto rules = tables::Ruleset::open(compiled->image);
  ASSERT_TRUE(rules) << rules.error();
  for (unsigned i = 0; i < names.size(); ++i) {
    const auto name = test::folded("\3www" + names[i]);
    tables::Probe probe;
    rules->zones().prepare(name, probe);
    ASSERT_EQ(rules->zones().match(name, probe).rule, i % 16) << config::to_text(names[i]);
  }
}

}  // namespace
}  // namespace penstock::control
