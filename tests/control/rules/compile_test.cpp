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
      {.description = "a pool without endpoints",
       .change = [](Model& m) { m.pools[1].endpoints.clear(); },
       .reason = "pool corporate has no endpoint"},
      {.description = "a rule without a pool",
       .change = [](Model& m) { m.rules[1].pool = 9; },
       .reason = "zones[1] forwards to a pool that does not exist"},
      {.description = "a zone without a rule",
       .change = [](Model& m) { test::add_zone(m, wire("a.example"), Scope::zone, 9); },
       .reason = "zone a.example has a rule"},
      {.description = "a default without a rule",
       .change = [](Model& m) { m.default_rule = 9; },
       .reason = "the default refers to a rule"},
      {.description = "one name, two rules",
       .change =
           [](Model& m) {
             test::add_zone(m, wire("a.example"), Scope::zone, 0);
             test::add_zone(m, wire("a.example"), Scope::zone, 1);
           },
       .reason = "zone a.example appears twice"},
      {.description = "one *.name, two rules",
       .change =
           [](Model& m) {
             test::add_zone(m, wire("a.example"), Scope::below, 0);
             test::add_zone(m, wire("a.example"), Scope::below, 1);
           },
       .reason = "zone a.example appears twice"},
      {.description = "more endpoints than slots",
       .change = [](Model& m) { m.pools[1].endpoints.resize(config::kMaxEndpoints, m.pools[1].endpoints[0]); },
       .reason = "no free slot for endpoint 192.168.10.2 of pool corporate"},
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
  const auto compiled = compile(test::sample_model(), 1,
                                [](const config::Pool&, const config::Endpoint&) { return config::EndpointSlot{3}; });
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
  EXPECT_EQ(rules->rule(config::RuleIndex{0}).is_private, 1);
  EXPECT_EQ(rules->rule(config::RuleIndex{1}).pool, config::PoolIndex{1});
  EXPECT_EQ(rules->rule(config::RuleIndex{2}).action, static_cast<uint8_t>(config::Action::refused));
  EXPECT_EQ(rules->rule(config::RuleIndex{2}).cache, 0);
  EXPECT_EQ(rules->pool(config::PoolIndex{0}).kind, static_cast<uint8_t>(config::PoolKind::route53_inbound));
  EXPECT_EQ(rules->endpoints(config::PoolIndex{0})[1].weight, 2U);
  EXPECT_EQ(rules->endpoints(config::PoolIndex{0})[1].budget, 10000U);
}

struct Identities {
  std::vector<uint64_t> rules;
  uint64_t private_zones = 0;
};
Identities identities_of(const Model& model) {
  const auto compiled = compile(model, 1, test::slots_in_order());
  EXPECT_TRUE(compiled) << compiled.error();
  const auto rules = tables::Ruleset::open(compiled->image);
  EXPECT_TRUE(rules) << rules.error();
  Identities identities;
  for (const config::ImageRule& rule : rules->rules()) identities.rules.push_back(rule.identity);
  identities.private_zones = rules->header().private_identity;
  return identities;
}

// A remembered answer is good for rules of its identity: for whatever else may have moved around them.
const struct {
  const char* description;
  bool changes;  // that of rule 0, to pool `studio`
  std::function<void(Model&)> change;
} kIdentityChanges[] = {
    {.description = "nothing", .changes = false, .change = [](Model&) {}},
    {.description = "its line and name",
     .changes = false,
     .change = [](Model& m) { m.rules[0].origin = "zones[7]", m.rules[0].where.line = 9; }},
    {.description = "another rule before it",
     .changes = false,
     .change =
         [](Model& m) {
           m.rules.push_back(m.rules[0]);
           m.rules[0] = m.rules[1];
           std::swap(m.rules[0], m.rules[2]);
         }},
    {.description = "the other pool's number",
     .changes = false,
     .change =
         [](Model& m) {
           std::swap(m.pools[0], m.pools[1]);
           for (auto& rule : m.rules) rule.pool ^= 1;
         }},
    {.description = "its endpoints in another order",
     .changes = false,
     .change = [](Model& m) { std::swap(m.pools[0].endpoints[0], m.pools[0].endpoints[1]); }},
    {.description = "an endpoint's weight and budget",
     .changes = false,
     .change = [](Model& m) { m.pools[0].endpoints[0].weight = 7, m.pools[0].endpoints[0].budget = 1; }},
    {.description = "how long answers are remembered",
     .changes = false,
     .change = [](Model& m) { m.pools[0].cache.max_ttl = 5; }},
    {.description = "whether they are", .changes = false, .change = [](Model& m) { m.rules[0].cache = false; }},
    {.description = "the health check", .changes = false, .change = [](Model& m) { m.pools[0].health.rise = 9; }},
    {.description = "the other pool",
     .changes = false,
     .change = [](Model& m) { m.pools[1].endpoints[0].address = *config::parse_address("192.168.10.3"); }},
    {.description = "zones",
     .changes = false,
     .change = [](Model& m) { test::add_zone(m, wire("new.example"), Scope::zone, 0); }},
    {.description = "its pool", .changes = true, .change = [](Model& m) { m.rules[0].pool = 1; }},
    {.description = "its pool's name", .changes = true, .change = [](Model& m) { m.pools[0].name = "studio-2"; }},
    {.description = "its pool's kind",
     .changes = true,
     .change = [](Model& m) { m.pools[0].kind = config::PoolKind::recursive; }},
    {.description = "an endpoint",
     .changes = true,
     .change = [](Model& m) { m.pools[0].endpoints[0].address = *config::parse_address("10.16.1.11"); }},
    {.description = "an endpoint fewer", .changes = true, .change = [](Model& m) { m.pools[0].endpoints.pop_back(); }},
    {.description = "where its addresses must lie",
     .changes = true,
     .change = [](Model& m) { m.rules[0].expect = {*config::parse_prefix("10.16.0.0/16")}; }},
    {.description = "what becomes of leaks",
     .changes = true,
     .change = [](Model& m) { m.rules[0].on_leak = config::OnLeak::alarm; }},
    {.description = "what becomes of chains",
     .changes = true,
     .change = [](Model& m) { m.rules[0].cname = config::CnameInto::pass; }},
    {.description = "its privacy", .changes = true, .change = [](Model& m) { m.rules[0].is_private = false; }},
    {.description = "what is done with its names",
     .changes = true,
     .change = [](Model& m) { m.rules[0].action = config::Action::refused; }},
};

TEST(Compile, ARulesIdentityIsWhatItsAnswersDependOn) {
  using config::parse_address;
  using config::parse_prefix;
  const Model model = test::sample_model();
  const Identities before = identities_of(model);
  EXPECT_NE(before.rules[0], before.rules[1]);
  for (const auto& one : kIdentityChanges) {
    Model changed = model;
    one.change(changed);
    EXPECT_EQ(identities_of(changed).rules[0] != before.rules[0], one.changes) << one.description;
  }
  Model narrow = model;
  narrow.rules[0].expect = {*parse_prefix("10.16.0.0/16")};
  Model wide = model;
  wide.rules[0].expect = {*parse_prefix("10.16.0.0/15")};
  EXPECT_NE(identities_of(narrow).rules[0], identities_of(wide).rules[0]) << "the length alone";
}

// A chain that led into no private zone may do so when there are others: its answer is good for one set of them.
TEST(Compile, ThePrivateIdentityIsThatOfThePrivateZones) {
  const auto zone = [](Model& m, const char* name, uint32_t rule, Scope scope = Scope::zone) {
    test::add_zone(m, wire(name), scope, rule);
  };
  Model model = test::sample_model();  // rule 0 is private, rule 1 is not
  EXPECT_NE(identities_of(model).private_zones, 0U) << "0 would be good for any";
  const uint64_t none = identities_of(model).private_zones;
  zone(model, "a.example", 0);
  zone(model, "b.example", 1);
  zone(model, "c.example", 0);
  const uint64_t before = identities_of(model).private_zones;
  EXPECT_NE(before, none);
  const struct {
    const char* description;
    bool changes;
    std::function<void(Model&)> change;
  } cases[] = {
      {.description = "nothing", .changes = false, .change = [](Model&) {}},
      {.description = "another order",
       .changes = false,
       .change = [](Model& m) { std::swap(m.zones.entries[0], m.zones.entries[2]); }},
      {.description = "a zone more that is not private",
       .changes = false,
       .change = [&](Model& m) { zone(m, "d.example", 1); }},
      {.description = "one fewer that is not",
       .changes = false,
       .change = [](Model& m) { m.zones.entries.erase(m.zones.entries.begin() + 1); }},
      {.description = "where others go", .changes = false, .change = [](Model& m) { m.pools[1].name = "office"; }},
      {.description = "a default that is not private",
       .changes = false,
       .change = [](Model& m) { m.default_rule = 1; }},
      {.description = "a private zone more", .changes = true, .change = [&](Model& m) { zone(m, "d.example", 0); }},
      {.description = "a hole in a private zone",
       .changes = true,
       .change = [&](Model& m) { zone(m, "public.a.example", 1); }},
      {.description = "one fewer", .changes = true, .change = [](Model& m) { m.zones.entries.pop_back(); }},
      {.description = "one that is private now",
       .changes = true,
       .change = [](Model& m) { m.zones.entries[1].rule = 0; }},
      {.description = "one that is no more", .changes = true, .change = [](Model& m) { m.zones.entries[0].rule = 1; }},
      {.description = "its name alone instead of the zone",
       .changes = true,
       .change = [](Model& m) { m.zones.entries[0].scope = Scope::name; }},
      {.description = "where private addresses must lie",
       .changes = true,
       .change = [](Model& m) { m.rules[0].expect = {*config::parse_prefix("10.16.0.0/16")}; }},
      {.description = "a private default", .changes = true, .change = [](Model& m) { m.default_rule = 0; }},
  };
  for (const auto& one : cases) {
    Model changed = model;
    one.change(changed);
    EXPECT_EQ(identities_of(changed).private_zones != before, one.changes) << one.description;
  }
}

TEST(Compile, WritesWhatIsRemembered) {
  Model model = test::sample_model();
  model.pools[0].cache = {.enabled = true,
                          .stale = true,
                          .prefetch = true,
                          .rotate = true,
                          .max_ttl = 2,
                          .min_ttl = 1,
                          .max_negative_ttl = 3,
                          .max_stale = 4,
                          .size = uint64_t{5} << 20};
  model.pools[1].cache = {.rotate = false};
  model.rules[1].cache = false;
  model.clients.allow_snoop = {*config::parse_prefix("10.1.0.0/16"), *config::parse_prefix("fd01::/16")};
  const auto image_of = [&] { return compile(model, 1, test::slots_in_order()).value(); };
  const Compiled compiled = image_of();
  const auto rules = tables::Ruleset::open(compiled.image);
  ASSERT_TRUE(rules) << rules.error();
  const config::ImagePool& inbound = rules->pool(config::PoolIndex{0});
  EXPECT_EQ(inbound.cache, config::kCacheEnabled | config::kCacheStale | config::kCachePrefetch | config::kCacheRotate);
  EXPECT_EQ(inbound.max_ttl, 2U);
  EXPECT_EQ(inbound.min_ttl, 1U);
  EXPECT_EQ(inbound.max_negative_ttl, 3U);
  EXPECT_EQ(inbound.max_stale, 4U);
  EXPECT_EQ(inbound.cache_quota, 5U << 10);
  EXPECT_EQ(rules->pool(config::PoolIndex{1}).cache, config::kCacheEnabled | config::kCacheShortServices);
  EXPECT_EQ(rules->rule(config::RuleIndex{0}).cache, 1);
  EXPECT_EQ(rules->rule(config::RuleIndex{1}).cache, 0);
  EXPECT_TRUE(rules->clients().look_up(0x0a010001U).may_snoop);
  EXPECT_FALSE(rules->clients().look_up(0x0a020001U).may_snoop);
  EXPECT_TRUE(rules->clients().look_up(uint64_t{0xfd01} << 48, 1).may_snoop);
  model.pools[0].cache.enabled = false;
  const Compiled off = image_of();
  EXPECT_EQ(tables::Ruleset::open(off.image).value().pool(config::PoolIndex{0}).cache, 0);
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
    ASSERT_EQ(rules->zones().match(name, probe).rule.value(), i % 16) << config::to_text(names[i]);
  }
}

}  // namespace
}  // namespace penstock::control
