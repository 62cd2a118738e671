// Each field of the image is changed by itself, by a change of the model, and the identity must change just where identity.h says so.
#include "control/rules/identity.h"

#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <set>

#include "dataplane/tables/ruleset.h"
#include "tests/dataplane/tables/sample_model.h"

namespace penstock::control {
namespace {

using config::Model;

// Rule 1 goes to pool 1, and has networks, a view and a next rule to be changed.
Model model_of_two() {
  Model model = test::sample_model();
  for (const char* name : {"ml", "lab"}) model.clients.groups.emplace_back().name = name;
  model.rules[0].expect = {*config::parse_prefix("10.16.0.0/16")};
  model.rules[1].expect = {*config::parse_prefix("10.20.0.0/16")};
  model.rules[1].clients = {0};
  return model;
}

struct Seen {
  config::ImagePool pool;  // of rule 1
  config::ImageRule rule;
};
Seen seen_in(const Model& model) {
  const auto compiled = compile(model, 1, test::slots_in_order());
  EXPECT_TRUE(compiled) << compiled.error();
  const auto rules = tables::Ruleset::open(compiled->image);
  EXPECT_TRUE(rules) << rules.error();
  const config::ImageRule& rule = rules->rule(config::RuleIndex{1});
  return {rules->pool(rule.pool), rule};
}

struct Change {
  const char* field;
  std::function<void(Model&)> make;
};

const Change kOfPool[] = {
    {"first_endpoint", [](Model& m) { m.pools[0].endpoints.pop_back(); }},
    {"endpoint_count",
     [](Model& m) {
       m.pools[1].endpoints.push_back({*config::parse_address("192.168.10.3"), 0, 1, {}});
     }},
    {"kind", [](Model& m) { m.pools[1].kind = config::PoolKind::route53_inbound; }},
    {"is_private", [](Model& m) { m.pools[1].is_private = true; }},
    {"policy", [](Model& m) { m.pools[1].policy = config::Policy::ordered; }},
    {"retry_on", [](Model& m) { m.pools[1].retry_servfail = true; }},
    {"cache", [](Model& m) { m.pools[1].cache.rotate = false; }},
    {"pipelining", [](Model& m) { m.pools[1].pipelining = config::Pipelining::off; }},
    {"max_ttl", [](Model& m) { m.pools[1].cache.max_ttl = 7; }},
    {"min_ttl", [](Model& m) { m.pools[1].cache.min_ttl = 7; }},
    {"max_negative_ttl", [](Model& m) { m.pools[1].cache.max_negative_ttl = 7; }},
    {"max_stale", [](Model& m) { m.pools[1].cache.max_stale = 7; }},
    {"cache_quota", [](Model& m) { m.pools[1].cache.size = 1 << 20; }},
    {"udp_size", [](Model& m) { m.pools[1].udp_size = 1400; }},
    {"edns", [](Model& m) { m.pools[1].ecs = config::Ecs::pass; }},
    {"pass_option_count", [](Model& m) { m.pools[1].pass_options = {65001}; }},
    {"pass_options", [](Model& m) { m.pools[1].pass_options = {65001}; }},
};

const Change kOfRule[] = {
    {"pool", [](Model& m) { m.rules[1].pool = 0; }},
    {"action", [](Model& m) { m.rules[1].action = config::Action::nodata; }},
    {"is_private", [](Model& m) { m.rules[1].is_private = true; }},
    {"cache", [](Model& m) { m.rules[1].cache = false; }},
    {"on_leak", [](Model& m) { m.rules[1].on_leak = config::OnLeak::alarm; }},
    {"first_prefix", [](Model& m) { m.rules[0].expect.push_back(*config::parse_prefix("10.17.0.0/16")); }},
    {"prefix_count", [](Model& m) { m.rules[1].expect.push_back(*config::parse_prefix("10.21.0.0/16")); }},
    {"cname", [](Model& m) { m.rules[1].cname = config::CnameInto::alarm; }},
    {"otherwise", [](Model& m) { m.rules[1].otherwise = config::Otherwise::next; }},
    {"next_rule", [](Model& m) { m.rules[1].next = 0; }},
    {"view", [](Model& m) { m.rules[1].clients = {}; }},
    {"transfers", [](Model& m) { m.rules[1].transfers = {1}; }},
};

template <typename Record>
void expect_changes(std::span<const Change> changes, Record Seen::*of) {
  using By = AnswersBy<Record>;
  const Seen before = seen_in(model_of_two());
  std::set<std::string_view> changed{"identity", "reserved"};
  for (const Change& change : changes) {
    SCOPED_TRACE(change.field);
    changed.insert(change.field);
    Model model = model_of_two();
    change.make(model);
    const Seen after = seen_in(model);
    bool is_seen = false;
    for (const config::ImageField& field : config::ImageFields<Record>::kAll)
      if (std::string_view(field.name) == change.field)
        is_seen = std::memcmp(reinterpret_cast<const char*>(&(before.*of)) + field.offset,
                              reinterpret_cast<const char*>(&(after.*of)) + field.offset,
                              size_t{field.size} * field.count) != 0;
    EXPECT_TRUE(is_seen) << "the change is not one of the field";
    const bool is_needed =
        std::count(std::begin(By::kNeeded), std::end(By::kNeeded), std::string_view(change.field)) == 1;
    EXPECT_EQ(after.rule.identity != before.rule.identity, is_needed);
  }
  for (const config::ImageField& field : config::ImageFields<Record>::kAll)
    EXPECT_TRUE(changed.contains(field.name)) << "nothing here changes " << field.name;
}

TEST(Identity, ChangesWithTheFieldsOfAPoolThatAnswersNeed) {
  expect_changes(kOfPool, &Seen::pool);
}

TEST(Identity, ChangesWithTheFieldsOfARuleThatAnswersNeed) {
  expect_changes(kOfRule, &Seen::rule);
}

}  // namespace
}  // namespace penstock::control
