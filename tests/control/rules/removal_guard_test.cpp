// tests/control/rules/removal_guard_test.cpp - which names a reload would take away from a private pool, and what the refusal says.
// Long by its two tables: zones, and views.
#include "control/rules/removal_guard.h"

#include <gtest/gtest.h>

#include <functional>

#include "config/read/read_model.h"
#include "tests/dataplane/tables/sample_model.h"

namespace penstock::control {
namespace {

using config::Model;
using config::Scope;
using test::wire;

enum : uint32_t { kStudio, kCorporate, kOtherStudio, kRefused, kPrivateCorporate };

// Rules: one a pool, and one that refuses. The default goes to corporate.
Model base() {
  Model model = test::sample_model(2);
  model.pools.push_back(model.pools[0]);
  model.pools[2].name = "studio-two";
  model.rules.resize(5);
  model.rules[kOtherStudio] = model.rules[kStudio];
  model.rules[kOtherStudio].pool = 2;
  model.rules[kRefused].action = config::Action::refused;
  model.rules[kPrivateCorporate] = model.rules[kCorporate];
  model.rules[kPrivateCorporate].is_private = true;
  model.default_rule = kCorporate;
  return model;
}

using Change = std::function<void(Model&)>;
Change zone(const char* name, uint32_t rule, Scope scope = Scope::zone) {
  return [=](Model& model) { test::add_zone(model, wire(name), scope, rule); };
}
Change both(const Change& a, const Change& b) {
  return [=](Model& model) { a(model), b(model); };
}
const Change nothing = [](Model&) {};

std::string numbered(std::string text, unsigned number, const char* behind) {
  text += std::to_string(number);
  return wire(text += behind);
}

struct RemovalCase {
  const char* description;
  Change running, next;
  const char* text;
};
const RemovalCase kRemovals[] = {
    {.description = "nothing changes", .running = zone("s.aws", kStudio), .next = zone("s.aws", kStudio), .text = ""},
    {.description = "a zone more",
     .running = zone("s.aws", kStudio),
     .next = both(zone("t.aws", kStudio), zone("s.aws", kStudio)),
     .text = ""},
    {.description = "an ordinary zone goes", .running = zone("a.example", kCorporate), .next = nothing, .text = ""},
    {.description = "a private zone goes",
     .running = zone("s.aws", kStudio),
     .next = nothing,
     .text = "s.aws is removed: its names would go to pool corporate\n"},
    {.description = "a private zone goes, and there is no default",
     .running = zone("s.aws", kStudio),
     .next = [](Model& m) { m.default_rule.reset(); },
     .text = "s.aws is removed: its names would be refused\n"},
    {.description = "a private name goes",
     .running = zone("api.aws", kStudio, Scope::name),
     .next = nothing,
     .text = "api.aws is removed: its names would go to pool corporate\n"},
    {.description = "private names below go",
     .running = zone("s.aws", kStudio, Scope::below),
     .next = nothing,
     .text = "*.s.aws is removed: its names would go to pool corporate\n"},
    {.description = "a zone becomes *.zone",
     .running = zone("s.aws", kStudio),
     .next = zone("s.aws", kStudio, Scope::below),
     .text = "s.aws (the name itself) is removed: its names would go to pool corporate\n"},
    {.description = "a zone becomes a name",
     .running = zone("s.aws", kStudio),
     .next = zone("s.aws", kStudio, Scope::name),
     .text = "*.s.aws is removed: its names would go to pool corporate\n"},
    {.description = "a zone becomes *.zone and a name",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio, Scope::below), zone("s.aws", kStudio, Scope::name)),
     .text = ""},
    {.description = "a narrower zone goes, a wider one of the same pool stays",
     .running = both(zone("s.aws", kStudio), zone("d-1.s.aws", kStudio)),
     .next = zone("s.aws", kStudio),
     .text = ""},
    {.description = "a narrower zone goes, a wider one comes",
     .running = zone("d-1.s.aws", kStudio),
     .next = zone("s.aws", kStudio),
     .text = ""},
    {.description = "a narrower name goes, a wider zone stays",
     .running = both(zone("s.aws", kStudio), zone("d-1.s.aws", kStudio, Scope::name)),
     .next = zone("s.aws", kStudio),
     .text = ""},
    {.description = "the wider one is another account's",
     .running = both(zone("s.aws", kOtherStudio), zone("d-1.s.aws", kStudio)),
     .next = zone("s.aws", kOtherStudio),
     .text = "d-1.s.aws is removed: its names would go to pool studio-two\n"},
    {.description = "the wider one is not private",
     .running = both(zone("aws", kCorporate), zone("s.aws", kStudio)),
     .next = zone("aws", kCorporate),
     .text = "s.aws is removed: its names would go to pool corporate\n"},
    {.description = "the wider one leaves its apex out",
     .running = both(zone("s.aws", kStudio, Scope::below), zone("s.aws", kStudio, Scope::name)),
     .next = zone("s.aws", kStudio, Scope::below),
     .text = "s.aws is removed: its names would go to pool corporate\n"},
    {.description = "the wider one covers the narrow zone whole",
     .running = both(zone("s.aws", kStudio, Scope::below), zone("d.s.aws", kStudio)),
     .next = zone("s.aws", kStudio, Scope::below),
     .text = ""},
    {.description = "a hole was closed again",
     .running = both(zone("s.aws", kStudio), both(zone("x.s.aws", kCorporate), zone("y.x.s.aws", kStudio))),
     .next = both(zone("s.aws", kStudio), zone("x.s.aws", kCorporate)),
     .text = "y.x.s.aws is removed: its names would go to pool corporate\n"},
    {.description = "to another pool of the same kind",
     .running = zone("s.aws", kStudio),
     .next = zone("s.aws", kOtherStudio),
     .text = ""},
    {.description = "to a pool of another kind, private",
     .running = zone("s.aws", kStudio),
     .next = zone("s.aws", kPrivateCorporate),
     .text = "s.aws moves from pool studio (route53-inbound) to pool corporate (recursive)\n"},
    {.description = "to a pool of another kind, not private",
     .running = zone("s.aws", kStudio),
     .next = zone("s.aws", kCorporate),
     .text = "s.aws is no longer private: its names would go to pool corporate\n"},
    {.description = "the pool's kind changes",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio), [](Model& m) { m.pools[0].kind = config::PoolKind::recursive; }),
     .text = "s.aws moves from pool studio (route53-inbound) to pool studio (recursive)\n"},
    {.description = "the rule stops being private",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio), [](Model& m) { m.rules[kStudio].is_private = false; }),
     .text = "s.aws is no longer private: its names would go to pool studio\n"},
    {.description = "answered from now on",
     .running = zone("s.aws", kStudio),
     .next = zone("s.aws", kRefused),
     .text = "s.aws is no longer private: its names would be refused\n"},
    {.description = "an apex of its own in front of a zone",
     .running = both(zone("s.aws", kStudio), zone("s.aws", kCorporate, Scope::name)),
     .next = both(zone("s.aws", kStudio), zone("s.aws", kCorporate, Scope::name)),
     .text = ""},
    {.description = "one half by one way, one by another",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kCorporate, Scope::name), zone("aws", kRefused)),
     .text = "s.aws (the name itself) is no longer private: its names would go to pool corporate\n"
             "*.s.aws is removed: its names would be refused\n"},
    {.description = "pools are known by name, not by place",
     .running = zone("s.aws", kStudio),
     .next =
         both(zone("s.aws", kStudio), [](Model& m) { std::swap(m.pools[0], m.pools[2]), m.rules[kStudio].pool = 2; }),
     .text = ""},
    {.description = "a private default goes",
     .running = [](Model& m) { m.default_rule = kPrivateCorporate; },
     .next = nothing,
     .text = "default is no longer private: its names would go to pool corporate\n"},
    {.description = "a private default goes for good",
     .running = [](Model& m) { m.default_rule = kPrivateCorporate; },
     .next = [](Model& m) { m.default_rule.reset(); },
     .text = "default is removed: its names would be refused\n"},
    {.description = "a private default covers a zone that goes",
     .running = both(zone("a.b", kPrivateCorporate), [](Model& m) { m.default_rule = kPrivateCorporate; }),
     .next = [](Model& m) { m.default_rule = kPrivateCorporate; },
     .text = ""},
    {.description = "a new zone inside a private one, to a pool that is not",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio), zone("d-1.s.aws", kCorporate)),
     .text = "d-1.s.aws is new, inside private names: its names would go to pool corporate\n"},
    {.description = "a new name inside, refused",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio), zone("d-1.s.aws", kRefused, Scope::name)),
     .text = "d-1.s.aws is new, inside private names: its names would be refused\n"},
    {.description = "new names below inside",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio), zone("d-1.s.aws", kCorporate, Scope::below)),
     .text = "*.d-1.s.aws is new, inside private names: its names would go to pool corporate\n"},
    {.description = "a new private zone inside, of another kind",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio), zone("d-1.s.aws", kPrivateCorporate)),
     .text = "d-1.s.aws is new, inside private names: its names would go to pool corporate\n"},
    {.description = "a new private zone inside, of the same kind",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio), zone("d-1.s.aws", kOtherStudio)),
     .text = ""},
    {.description = "an apex taken out of a private zone above",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio),
                  both(zone("d.s.aws", kCorporate, Scope::name), zone("d.s.aws", kStudio, Scope::below))),
     .text = "d.s.aws is new, inside private names: its names would go to pool corporate\n"},
    {.description = "an exception that was there already",
     .running = both(zone("s.aws", kStudio), zone("d-1.s.aws", kCorporate)),
     .next = both(zone("s.aws", kStudio), zone("d-1.s.aws", kCorporate)),
     .text = ""},
    {.description = "a new zone inside an old exception",
     .running = both(zone("s.aws", kStudio), zone("d-1.s.aws", kCorporate)),
     .next = both(zone("s.aws", kStudio), both(zone("d-1.s.aws", kCorporate), zone("x.d-1.s.aws", kCorporate))),
     .text = ""},
    {.description = "an old name grows to a zone",
     .running = both(zone("s.aws", kStudio), zone("d-1.s.aws", kCorporate, Scope::name)),
     .next = both(zone("s.aws", kStudio), zone("d-1.s.aws", kCorporate)),
     .text = "*.d-1.s.aws is new, inside private names: its names would go to pool corporate\n"},
    {.description = "a new zone beside and above",
     .running = zone("s.aws", kStudio),
     .next = both(zone("s.aws", kStudio), both(zone("aws", kCorporate), zone("t.aws", kCorporate))),
     .text = ""},
    {.description = "a private pool gets only addresses of one that is not",
     .running = nothing,
     .next = [](Model& m) { m.pools[0].endpoints = m.pools[1].endpoints; },
     .text = "pool studio is private and would have only addresses of pool corporate, which is not\n"},
    {.description = "a private pool shares an address",
     .running = nothing,
     .next = [](Model& m) { m.pools[0].endpoints.push_back(m.pools[1].endpoints[0]); },
     .text = ""},
    {.description = "the addresses are those that the other pool has now",
     .running = nothing,
     .next =
         [](Model& m) {
           m.pools[0].endpoints = m.pools[1].endpoints;
           m.pools[1].endpoints[0].address = *config::parse_address("192.168.10.99");
         },
     .text = "pool studio is private and would have only addresses of pool corporate, which is not\n"},
    {.description = "it was so before",
     .running = [](Model& m) { m.pools[0].endpoints = m.pools[1].endpoints; },
     .next = [](Model& m) { m.pools[0].endpoints = m.pools[1].endpoints; },
     .text = ""},
    {.description = "a private pool gets new addresses",
     .running = nothing,
     .next = [](Model& m) { m.pools[0].endpoints[0].address = *config::parse_address("10.16.9.9"); },
     .text = ""},
    {.description = "the root as a private zone goes",
     .running = zone(".", kStudio),
     .next = nothing,
     .text = ". is removed: its names would go to pool corporate\n"},
};

TEST(RemovalGuard, Cases) {
  for (const RemovalCase& c : kRemovals) {
    Model running = base(), next = base();
    c.running(running);
    c.next(next);
    const Removals removals = find_removals(running, next);
    EXPECT_EQ(to_text(removals), c.text) << c.description;
    EXPECT_EQ(static_cast<bool>(removals), *c.text != 0) << c.description;
    const auto kept = parse_accepted_zones(to_text(accepted_zones(running)));
    ASSERT_TRUE(kept) << c.description << ": " << kept.error();
    EXPECT_EQ(to_text(find_removals(*kept, next)), c.text) << c.description << ", after a restart";
  }
}

// Names that have several entries, each for other clients: what every one of the groups had is held against what it would have.
const std::string kHead = R"(
ports: [{name: corp, device: "af_xdp:eth0"}]
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  lab: {kind: route53-inbound, endpoints: [10.17.1.10]}
  corp: {kind: recursive, endpoints: [10.0.0.2]}
default: {pool: corp}
)";
const std::string kGroups =
    "clients: {groups: {ml: {prefixes: [10.1.0.0/16]}, ops: {prefixes: [10.2.0.0/16, fd02::/16]}}}\n";
std::string zones_of(const std::string& entries) {
  return "zones: [" + entries + "]\n";
}

struct ViewCase {
  const char* description;
  std::string running, next;
  const char* text;
};
const ViewCase kViewCases[] = {
    {.description = "nothing changes",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .text = ""},
    {.description = "it is for one group more",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml, ops]}"),
     .text = ""},
    {.description = "for everybody",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: vpc}"),
     .text = ""},
    {.description = "for one group less: it is refused",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml, ops]}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .text = "s.aws (clients of group ops) is for other clients: its names would be refused\n"},
    {.description = "no longer for everybody",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .text = "s.aws (clients of group ops, clients of no group) is for other clients: its names would be refused\n"},
    {.description = "a group's goes to the public pool in front of it",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: corp, clients: [ml], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .next =
         kGroups + zones_of("{zone: s.aws, pool: corp, clients: [ml, ops], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .text = "s.aws (clients of group ops) is no longer private: its names would go to pool corp\n"},
    {.description = "that group's was public before",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: corp, clients: [ml, ops], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .next =
         kGroups + zones_of("{zone: s.aws, pool: corp, clients: [ml, ops], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .text = ""},
    {.description = "and is private now",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: corp, clients: [ml, ops], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: corp, clients: [ml], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .text = ""},
    {.description = "the first of two goes, the second has the same pool's kind",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: lab, clients: [ml], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: vpc}"),
     .text = ""},
    {.description = "the second of two goes, its clients are left out",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: lab, clients: [ml], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: lab, clients: [ml]}"),
     .text = "s.aws (clients of group ops, clients of no group) is for other clients: its names would be refused\n"},
    {.description = "both go",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: lab, clients: [ml], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .next = kGroups,
     .text = "s.aws (clients of group ml) is removed: its names would go to pool corp\n"
             "s.aws (clients of group ops, clients of no group) is removed: its names would go to pool corp\n"},
    {.description = "a view goes, a wider zone is the same pool's",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: vpc}, {zone: d.s.aws, pool: vpc, clients: [ml], otherwise: next}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: vpc}"),
     .text = ""},
    {.description = "a view goes, a wider zone is for others",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: lab, clients: [ops]}, {zone: d.s.aws, pool: vpc, clients: [ml]}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: lab, clients: [ops]}"),
     .text = "d.s.aws (clients of group ml) is for other clients: its names would be refused\n"},
    {.description = "a new exception for one group",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc}"),
     .next =
         kGroups + zones_of("{zone: s.aws, pool: vpc}, {zone: d.s.aws, pool: corp, clients: [ml], otherwise: next}"),
     .text = "d.s.aws (clients of group ml) is new, inside private names: its names would go to pool corp\n"},
    {.description = "a new entry for one group that refuses the others",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: vpc}, {zone: d.s.aws, pool: lab, clients: [ml]}"),
     .text = "d.s.aws (clients of group ops, clients of no group) is new, inside private names: its names would be "
             "refused\n"},
    {.description = "only the name itself",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc}"),
     .next = kGroups + zones_of("{zone: s.aws, pool: vpc}, {name: s.aws, pool: corp, clients: [ml], otherwise: next}"),
     .text = "s.aws (clients of group ml) (the name itself) is no longer private: its names would go to pool corp\n"},
    {.description = "a group is gone: who was in it is in none",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml, ops]}"),
     .next =
         "clients: {groups: {ml: {prefixes: [10.1.0.0/16]}}}\n" + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .text = "s.aws (clients of group ops) is for other clients: its names would be refused\n"},
    {.description = "a group has another name",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .next = "clients: {groups: {team: {prefixes: [10.1.0.0/16]}, ops: {prefixes: [10.2.0.0/16]}}}\n" +
             zones_of("{zone: s.aws, pool: vpc, clients: [team]}"),
     .text = ""},
    {.description = "groups are known by name, not by place",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .next = "clients: {groups: {ops: {prefixes: [10.2.0.0/16, fd02::/16]}, ml: {prefixes: [10.1.0.0/16]}}}\n" +
             zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .text = ""},
    {.description = "an address leaves its group and is refused: that is meant",
     .running = kGroups + zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .next = "clients: {groups: {ml: {prefixes: [10.1.0.0/17]}, ops: {prefixes: [10.2.0.0/16]}}}\n" +
             zones_of("{zone: s.aws, pool: vpc, clients: [ml]}"),
     .text = ""},
    {.description = "an address moves to a group whose names are public",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: corp, clients: [ops], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .next = "clients: {groups: {ml: {prefixes: [10.1.0.0/17]}, ops: {prefixes: [10.2.0.0/16, 10.1.128.0/17]}}}\n" +
             zones_of("{zone: s.aws, pool: corp, clients: [ops], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .text = "s.aws (clients of group ml that move to group ops) is no longer private: its names would go to pool "
             "corp\n"},
    {.description = "the same over IPv6",
     .running =
         kGroups + zones_of("{zone: s.aws, pool: corp, clients: [ml], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .next = "clients: {groups: {ml: {prefixes: [10.1.0.0/16, fd02:1::/32]}, ops: {prefixes: [10.2.0.0/16, "
             "fd02::/16]}}}\n" +
             zones_of("{zone: s.aws, pool: corp, clients: [ml], otherwise: next}, {zone: s.aws, pool: vpc}"),
     .text = "s.aws (clients of group ops that move to group ml) is no longer private: its names would go to pool "
             "corp\n"},
};

TEST(RemovalGuard, Views) {
  for (const ViewCase& c : kViewCases) {
    SCOPED_TRACE(c.description);
    const auto running = config::read_model_text(kHead + c.running, "running.yaml");
    const auto next = config::read_model_text(kHead + c.next, "next.yaml");
    ASSERT_TRUE(running.model && next.model) << (running.findings.empty() ? "" : config::to_text(running.findings[0]))
                                             << (next.findings.empty() ? "" : config::to_text(next.findings[0]));
    EXPECT_EQ(to_text(find_removals(*running.model, *next.model)), c.text);
    const auto kept = parse_accepted_zones(to_text(accepted_zones(*running.model)));
    ASSERT_TRUE(kept) << kept.error();
    EXPECT_EQ(to_text(find_removals(*kept, *next.model)), c.text) << "after a restart";
  }
}

TEST(RemovalGuard, ZoneFiles) {
  struct Case {
    const char* description;
    unsigned before, after;
    bool file_stays;
    const char* text;
  };
  const Case cases[] = {
      {.description = "the same", .before = 10, .after = 10, .file_stays = true, .text = ""},
      {.description = "grows", .before = 10, .after = 100, .file_stays = true, .text = ""},
      {.description = "half of it", .before = 10, .after = 5, .file_stays = true, .text = ""},
      {.description = "less than half",
       .before = 10,
       .after = 4,
       .file_stays = true,
       .text = "partners.txt shrinks from 10 to 4 zones\n"},
      {.description = "odd numbers",
       .before = 3,
       .after = 1,
       .file_stays = true,
       .text = "partners.txt shrinks from 3 to 1 zones\n"},
      {.description = "no longer named",
       .before = 10,
       .after = 0,
       .file_stays = false,
       .text = "partners.txt shrinks from 10 to 0 zones\n"},
  };
  for (const Case& c : cases) {
    Model running = base(), next = base();
    running.files = {"penstock.yaml", "other.txt", "partners.txt"};
    next.files = {"penstock.yaml"};
    if (c.file_stays) next.files.emplace_back("partners.txt");
    for (unsigned i = 0; i < c.before; ++i)
      test::add_zone(running, numbered("p", i, ".net"), Scope::zone, kCorporate, {2, i + 1});
    for (unsigned i = 0; i < c.after; ++i)
      test::add_zone(next, numbered("p", i, ".net"), Scope::zone, kCorporate, {1, i + 1});
    EXPECT_EQ(to_text(find_removals(running, next)), c.text) << c.description;
    const auto kept = parse_accepted_zones(to_text(accepted_zones(running)));
    ASSERT_TRUE(kept) << c.description << ": " << kept.error();
    EXPECT_TRUE(kept->model.zones.entries.empty()) << "ordinary names are only counted";
    EXPECT_EQ(to_text(find_removals(*kept, next)), c.text) << c.description << ", after a restart";
  }
}

TEST(RemovalGuard, TheYamlItselfIsNoZoneFile) {
  Model running = base();
  for (unsigned i = 0; i < 10; ++i)
    test::add_zone(running, numbered("p", i, ".net"), Scope::zone, kCorporate, {0, i + 1});
  EXPECT_FALSE(find_removals(running, base()));
}

TEST(RemovalGuard, NamesTwentyAndCountsTheRest) {
  Model running = base();
  for (unsigned i = 0; i < 1000; ++i) test::add_zone(running, numbered("d-", i, ".aws"), Scope::zone, kStudio);
  const Removals removals = find_removals(running, base());
  EXPECT_EQ(removals.count, 1000U);
  ASSERT_EQ(removals.items.size(), 20U);
  EXPECT_EQ(removals.items[0].name, "d-0.aws");
  EXPECT_EQ(removals.items[19].name, "d-19.aws");
  const std::string text = to_text(removals);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 21);
  EXPECT_NE(text.find("and 980 more\n"), std::string::npos);
}

TEST(AcceptedZones, APartOfAFileIsNoFile) {
  Model model = base();
  test::add_zone(model, wire("s.aws"), Scope::zone, kStudio);
  const std::string text = to_text(accepted_zones(model));
  ASSERT_TRUE(parse_accepted_zones(text));
  for (size_t size = 0; size < text.size(); ++size) EXPECT_FALSE(parse_accepted_zones(text.substr(0, size))) << size;
  EXPECT_FALSE(parse_accepted_zones(text + "end\t1\n"));
  for (const char* wrong :
       {"rule\tforward\tprivate\t99", "zone\t99\ts.aws", "zone\t0\ta..b", "default\t99", "pool\tx\todd\tprivate",
        "pool\tx\trecursive\tprivate\t10.1", "group\tml\t10.1.2.3/8", "rule\tnxdomain\tprivate\t0\tnext",
        "rule\tnxdomain\tprivate\t0\todd\t0", "rule\tnxdomain\tprivate\t0\tnext\t0", "file\tmany\tx", ""})
    EXPECT_FALSE(parse_accepted_zones("penstock accepted-zones 1\n" + std::string(wrong) + "\nend\t3\n")) << wrong;
}

}  // namespace
}  // namespace penstock::control
