// tests/dataplane/inquiry/browse_test.cpp - what control reads of the cache: every entry once, and whether it is still given out.
#include "dataplane/inquiry/browse.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
#include <string>

#include "dataplane/dns/answer.h"
#include "tests/dataplane/path/answer_text.h"
#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

const char* const kRules = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients: {allow: [192.168.0.0/16], groups: {guests: {prefixes: [192.168.20.0/24]}}}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10], cache: {stale: on, max_stale: 3600}}
  office: {kind: recursive, endpoints: [10.16.2.10]}
zones:
  - {zone: vpc.example, pool: vpc}
  - {zone: off.example, pool: office, cache: off}
default: {pool: office}
)";

struct Seen {
  config::CachedAnswer told;
  std::string name;
  Bytes body;
};

class BrowseTest : public PathTest {
 protected:
  BrowseTest() : PathTest({.rules = kRules, .cache_size = 1 << 20}) {}

  // Asked by a client, and answered.
  void cache(const std::string& name, const TestResponse& response, uint16_t type = 1) {
    const Frame left = forward(from_client(write(DnsQuery{.question = {.name = name, .type = type}, .opt = Opt{}})));
    Frame back = answer_to_query(left);
    back.payload = write(response, left.payload);
    rig.receive(1, {write(back)});
  }
  std::vector<Seen> browse(config::FlushScope scope = config::FlushScope::all, const std::string& name = {},
                           uint16_t type = 0) {
    config::Browse request;
    request.scope = scope;
    request.record_type = type;
    const std::string wire = name.empty() ? "" : config::parse_name(name).value();
    request.name_length = static_cast<uint8_t>(wire.size());
    wire.copy(request.name.data(), wire.size());
    std::vector<Seen> seen;
    do {
      const auto message = inquiry::browse(request, *rig.answers, {rig.ruleset.get(), *rig.returns, rig.now});
      read(message, seen);
      config::Browsed head;
      std::memcpy(&head, message.data(), sizeof head);
      request.page = head.next;
    } while (request.page != 0);
    return seen;
  }
  static void read(std::span<const uint8_t> message, std::vector<Seen>& seen) {
    config::Browsed head;
    std::memcpy(&head, message.data(), sizeof head);
    std::span<const uint8_t> rest = message.subspan(sizeof head);
    for (uint32_t i = 0; i < head.entries; ++i) {
      Seen one;
      ASSERT_GE(rest.size(), sizeof one.told);
      std::memcpy(&one.told, rest.data(), sizeof one.told);
      const auto* at = rest.data() + sizeof one.told;
      one.name = config::to_text({reinterpret_cast<const char*>(at), one.told.name_length});
      one.body.assign(at + one.told.name_length, at + one.told.name_length + one.told.body_length);
      ASSERT_EQ(one.told.size % 8, 0U);
      rest = rest.subspan(one.told.size);
      seen.push_back(std::move(one));
    }
    EXPECT_TRUE(rest.empty());
  }
};

TestResponse address_for(uint32_t ttl) {
  return {.answer = {{.ttl = ttl}}, .authority = {}, .additional = {}};
}

TEST_F(BrowseTest, TellsAgeTtlAndRule) {
  cache("a.vpc.example", address_for(300));
  rig.pass(54'000);
  const auto seen = browse(config::FlushScope::name, "a.vpc.example");
  ASSERT_EQ(seen.size(), 1U);
  const config::CachedAnswer& told = seen[0].told;
  EXPECT_EQ(seen[0].name, "a.vpc.example");
  EXPECT_EQ(told.state, config::CachedState::fresh);
  EXPECT_EQ(told.age_ms, 54'000U);
  EXPECT_EQ(told.ttl, 300U);
  EXPECT_EQ(told.max_stale, 3600U);
  EXPECT_EQ(rig.model().rules[told.rule.value()].origin, "zones[0]");
  EXPECT_EQ(told.identity, rig.ruleset->rule(told.rule).identity);
  EXPECT_EQ(told.record_type, 1U);
  EXPECT_EQ(told.counts[0], 1U);
  EXPECT_EQ(told.bits, config::kAskedForRecursion);
  EXPECT_EQ(told.failures, 0U);
  EXPECT_EQ(Bytes(seen[0].body.end() - 4, seen[0].body.end()), ip("10.16.110.189"));
}

TEST_F(BrowseTest, StaleExpiredAndFailed) {
  cache("a.vpc.example", address_for(60));
  cache("b.example", address_for(60));
  cache("c.vpc.example", {.flags = 0x8182, .answer = {}, .authority = {}, .additional = {}});
  rig.pass(500);
  const auto failed = browse(config::FlushScope::name, "c.vpc.example");
  ASSERT_EQ(failed.size(), 1U);
  EXPECT_EQ(failed[0].told.state, config::CachedState::failure);
  EXPECT_EQ(failed[0].told.failures, 1U);
  EXPECT_EQ(failed[0].told.failure, 2U);
  EXPECT_EQ(failed[0].told.failed_ms, 500U);
  EXPECT_EQ(failed[0].told.pause_ms, 1000U);
  struct Row {
    const char* description;
    uint64_t pass_ms;
    config::CachedState vpc;     // that gives stale answers for an hour
    config::CachedState office;  // that gives none
  };
  for (const Row& row : {Row{.description = "a TTL later",
                        .pass_ms = 60'000,
                        .vpc = config::CachedState::stale,
                        .office = config::CachedState::expired},
                         Row{.description = "an hour later",
                         .pass_ms = 3'600'000,
                         .vpc = config::CachedState::expired,
                         .office = config::CachedState::expired}}) {
    SCOPED_TRACE(row.description);
    rig.pass(row.pass_ms);
    EXPECT_EQ(browse(config::FlushScope::name, "a.vpc.example").at(0).told.state, row.vpc);
    EXPECT_EQ(browse(config::FlushScope::name, "b.example").at(0).told.state, row.office);
  }
}

TEST_F(BrowseTest, AReloadThatChangesThePoolLeavesAnswersThatNobodyGets) {
  cache("a.vpc.example", address_for(300));
  cache("b.example", address_for(300));
  std::string changed = kRules;
  changed.replace(changed.find("10.16.2.10"), 10, "10.99.0.1");
  rig.load(changed);
  EXPECT_EQ(browse(config::FlushScope::name, "a.vpc.example").at(0).told.state, config::CachedState::fresh);
  const auto other = browse(config::FlushScope::name, "b.example");
  EXPECT_EQ(other.at(0).told.state, config::CachedState::unused);
  EXPECT_EQ(other.at(0).told.rule, config::kNoRule);
}

TEST_F(BrowseTest, EveryEntryOnceWithinItsScope) {
  std::set<std::string> names;
  for (unsigned i = 0; i < 900; ++i) {
    const std::string name = "n" + std::to_string(i) + ".b.example";
    cache(name, address_for(300));
    names.insert(name);
  }
  cache("example", address_for(300));
  cache("xb.example", address_for(300));
  cache("n1.b.example", {.answer = {{.type = 16, .data = {1, 'x'}}}, .authority = {}, .additional = {}}, 16);
  std::map<std::string, unsigned> seen;
  for (const Seen& one : browse(config::FlushScope::zone, "b.example", 1)) ++seen[one.name];
  EXPECT_EQ(seen.size(), names.size());
  for (const auto& [name, times] : seen) EXPECT_EQ(times, 1U) << name;
  EXPECT_EQ(browse().size(), names.size() + 3);
  EXPECT_EQ(browse(config::FlushScope::name, "n1.b.example").size(), 2U);
  EXPECT_EQ(browse(config::FlushScope::name, "n1.b.example", 16).size(), 1U);
  EXPECT_TRUE(browse(config::FlushScope::name, "b.example").empty());
  // To look heats nothing: what is to go is decided by clients alone.
  for (const Seen& one : browse()) EXPECT_EQ(one.told.heat, 0) << one.name;
}

TEST(Browse, WithoutACacheOrRules) {
  const state::AnswerCache none(0);
  const state::PoolReturns returns{};
  config::Browse request;
  request.page = 7;
  const auto message = inquiry::browse(request, none, {nullptr, returns, 0});
  config::Browsed head;
  ASSERT_EQ(message.size(), sizeof head);
  std::memcpy(&head, message.data(), sizeof head);
  EXPECT_EQ(head.next, 0U);
  EXPECT_EQ(head.entries, 0U);
}

}  // namespace
}  // namespace penstock::test
