// tests/dataplane/path/choose/choose_endpoint_test.cpp - what each policy gives to whom, and what speaks against an endpoint.
// Long because each policy is held against each obstacle, in one rig.
#include "dataplane/path/choose/choose_endpoint.h"

#include "config/contract/loop_label.h"

#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

using config::EndpointIndex;
using config::EndpointSlot;
using config::Health;
using path::Choice;
using path::kNoEndpoint;
using path::Obstacle;

constexpr uint64_t kMs = 1'000'000;

// Four endpoints a pool: 10.N.0.1 to 10.N.0.4, weights 1 to 4.
std::string policy_rules() {
  std::string text = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86, "fd00::86"]
clients: {allow: [192.168.0.0/16, 10.0.0.0/8]}
pools:
)";
  const char* const policies[] = {"least-outstanding", "round-robin", "weighted", "ordered"};
  for (int pool = 1; pool <= 4; ++pool) {
    text += "  p" + std::to_string(pool) + ": {kind: recursive, policy: " + policies[pool - 1] + ", endpoints: [";
    for (int i = 1; i <= 4; ++i)
      text +=
          "{address: 10." + std::to_string(pool) + ".0." + std::to_string(i) + ", weight: " + std::to_string(i) + "}, ";
    text += "]}\n";
  }
  text += "zones:\n";
  for (int pool = 1; pool <= 4; ++pool)
    text += "  - {zone: p" + std::to_string(pool) + ".example, pool: p" + std::to_string(pool) + "}\n";
  return text;
}

class ChooseTest : public PathTest {
 protected:
  explicit ChooseTest(const std::string& rules = policy_rules())
      : PathTest(RigOptions{.rules = rules, .budgets = true}) {
    for (const config::Pool& pool : rig.model().pools)
      for (const config::Endpoint& endpoint : pool.endpoints) set(config::to_string(endpoint.address), Health::up);
  }
  void set(const std::string& address_text, Health health, bool drained = false, bool reachable = true) {
    config::EndpointState state;
    state.source = address("192.168.10.86").bytes;
    state.mac = mac(0xe1);
    state.port = 1;
    state.reachable = reachable ? 1 : 0;
    state.health = health;
    state.drained = drained ? 1 : 0;
    rig.set_endpoint(address_text, state);
  }
  // A question that nobody has asked before.
  DnsQuery new_query() {
    DnsQuery query = studio_query();
    query.question.name = "x" + std::to_string(++names_) + ".studio.us-east-1.sagemaker.aws";
    query.opt = Opt{};
    return query;
  }
  unsigned names_ = 0;

  // Where among its pool's an endpoint stands, and whose place is that.
  static unsigned place_of(const config::ImagePool& pool, EndpointIndex endpoint) {
    return endpoint.value() - pool.first_endpoint.value();
  }
  const state::EndpointHop& hop_at(const config::ImagePool& pool, unsigned place) {
    return rig.lcore().endpoints.hops[EndpointIndex{pool.first_endpoint.value() + place}];
  }
  Choice choose(unsigned pool, std::vector<EndpointSlot> asked = {}, const char* client = "192.168.10.20") {
    rig.lcore().now = rig.now;
    return path::choose_endpoint(rig.lcore(), rig.ruleset->pool(config::PoolIndex{pool}), asked, address(client).bytes,
                                 4);
  }
  // What each of the pool's endpoints gets of `queries`, in hundredths.
  std::vector<double> shares(unsigned pool, unsigned queries = 40'000) {
    const config::ImagePool& image = rig.ruleset->pool(config::PoolIndex{pool});
    std::vector<double> counts(image.endpoint_count);
    for (unsigned i = 0; i < queries; ++i) {
      const Choice choice = choose(pool);
      if (choice.endpoint != kNoEndpoint) counts[place_of(image, choice.endpoint)] += 100.0 / queries;
    }
    return counts;
  }
  void expect_shares(unsigned pool, const std::vector<double>& expected) {
    const std::vector<double> found = shares(pool);
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1.5) << "endpoint " << i;
  }
};

struct PolicyCase {
  const char* description;
  unsigned pool;
  std::vector<double> all;             // hundredths
  std::vector<double> without_second;  // it is down
};

const PolicyCase kPolicies[] = {
    {.description = "least-outstanding", .pool = 0, .all = {25, 25, 25, 25}, .without_second = {33.3, 0, 33.3, 33.3}},
    {.description = "round-robin", .pool = 1, .all = {25, 25, 25, 25}, .without_second = {33.3, 0, 33.3, 33.3}},
    {.description = "weighted", .pool = 2, .all = {10, 20, 30, 40}, .without_second = {12.5, 0, 37.5, 50}},
    {.description = "ordered", .pool = 3, .all = {100, 0, 0, 0}, .without_second = {100, 0, 0, 0}},
};

// An endpoint leaves, and returns little by little.
TEST_F(ChooseTest, Policies) {
  for (const PolicyCase& c : kPolicies) {
    SCOPED_TRACE(c.description);
    const std::string second = "10." + std::to_string(c.pool + 1) + ".0.2";
    expect_shares(c.pool, c.all);  // at the start nothing is held back
    set(second, Health::down);
    expect_shares(c.pool, c.without_second);
    set(second, Health::up);
    for (const double part : {0.0, 0.25, 0.5, 0.9}) {
      rig.now += static_cast<uint64_t>(part * 10'000) * kMs;
      std::vector<double> expected;
      for (size_t i = 0; i < 4; ++i) expected.push_back(part * c.all[i] + (1 - part) * c.without_second[i]);
      SCOPED_TRACE(part);
      expect_shares(c.pool, expected);
      rig.now -= static_cast<uint64_t>(part * 10'000) * kMs;
    }
    state::EndpointHops& hops = rig.lcore().endpoints.hops;
    rig.now += 9'999 * kMs;
    EXPECT_FALSE(hops.stale(*rig.endpoints, rig.now));
    rig.now += kMs;
    EXPECT_TRUE(hops.stale(*rig.endpoints, rig.now));
    hops.refresh(*rig.ruleset, *rig.endpoints, 2, rig.now);
    EXPECT_FALSE(hops.stale(*rig.endpoints, rig.now));
    expect_shares(c.pool, c.all);
  }
}

// The first of an ordered pool: the ramp is its own, all that it does not get yet goes to the next.
TEST_F(ChooseTest, TheFirstOfAnOrderedPoolReturns) {
  set("10.4.0.1", Health::down);
  expect_shares(3, {0, 100, 0, 0});
  set("10.4.0.1", Health::up);
  rig.now += 3'000 * kMs;
  expect_shares(3, {30, 70, 0, 0});
}

TEST_F(ChooseTest, NoRampWhenAllOthersAreDown) {
  for (int i = 1; i <= 4; ++i) set("10.2.0." + std::to_string(i), Health::down);
  set("10.2.0.3", Health::up);
  expect_shares(1, {0, 0, 100, 0});
  // The next one does grow into its share, and the one before keeps its own.
  set("10.2.0.4", Health::up);
  rig.now += 5'000 * kMs;
  expect_shares(1, {0, 0, 75, 25});
  // The others fail again: it takes what there is.
  set("10.2.0.3", Health::down);
  expect_shares(1, {0, 0, 0, 100});
}

TEST_F(ChooseTest, NoRampAtTheStartOfTheDataplane) {
  PathRig fresh(RigOptions{.rules = policy_rules()});
  config::EndpointState state = rig.endpoint("10.2.0.1");
  for (int i = 1; i <= 4; ++i) fresh.set_endpoint("10.2.0." + std::to_string(i), state);
  EXPECT_EQ(fresh.lcore().endpoints.hops.orders.steady(fresh.ruleset->pool(config::PoolIndex{1})).endpoints.size(), 4U);
}

TEST_F(ChooseTest, OneThatReturnsAndOwesAnswersIsLeftAlone) {
  set("10.1.0.2", Health::down);
  set("10.1.0.2", Health::up);
  rig.now += 9'000 * kMs;
  rig.lcore().endpoints.outstanding[EndpointSlot{1}] = 9;
  expect_shares(0, {33.3, 0, 33.3, 33.3});
  rig.lcore().endpoints.outstanding[EndpointSlot{1}] = 8;
  EXPECT_NEAR(shares(0)[1], 22.5, 1.5);
  // As much as the others, or a little more, is none of its fault.
  for (const uint16_t slot : {0, 2, 3}) rig.lcore().endpoints.outstanding[EndpointSlot{slot}] = 10;
  rig.lcore().endpoints.outstanding[EndpointSlot{1}] = 28;
  EXPECT_NEAR(shares(0)[1], 22.5, 1.5);
  rig.lcore().endpoints.outstanding[EndpointSlot{1}] = 29;
  EXPECT_EQ(shares(0)[1], 0);
}

// Sends that nobody answers, of a query every other millisecond, until none is new to anybody; what each endpoint answers at once
// it answers.
class SilentTest : public ChooseTest {
 protected:
  // What each endpoint of the pool is sent in so many milliseconds of a query each; those named answer nothing, the others all.
  std::vector<unsigned> deal(unsigned pool, std::initializer_list<unsigned> silent, unsigned milliseconds) {
    const config::ImagePool& image = rig.ruleset->pool(config::PoolIndex{pool});
    std::vector<unsigned> sends(image.endpoint_count);
    for (unsigned ms = 0; ms < milliseconds; ++ms) {
      rig.pass(1);
      const Choice choice = choose(pool);
      EXPECT_NE(choice.endpoint, kNoEndpoint);
      if (choice.endpoint == kNoEndpoint) return sends;
      const unsigned number = place_of(image, choice.endpoint);
      const EndpointSlot slot = rig.lcore().endpoints.hops[choice.endpoint].slot;
      ++sends[number];
      rig.lcore().endpoints.silence.count_send(slot, rig.now);
      if (std::find(silent.begin(), silent.end(), number) == silent.end())
        rig.lcore().endpoints.silence.count_answer(slot);
    }
    return sends;
  }
};

// Long before a probe could tell. The others have its share, each what the policy gives it.
TEST_F(SilentTest, OneThatAnswersNothingIsLeftAside) {
  for (const PolicyCase& c : kPolicies) {
    SCOPED_TRACE(c.description);
    const bool ordered = c.pool == 3;
    const unsigned dead = ordered ? 0 : 1;
    // 500 ms, a recursive endpoint's patience before any sample, then once in 100 ms.
    const std::vector<unsigned> at_first = deal(c.pool, {dead}, 700);
    EXPECT_GE(at_first[dead], 90U);
    const std::vector<unsigned> later = deal(c.pool, {dead}, 20'000);
    EXPECT_LE(later[dead], 201U);
    EXPECT_GE(later[dead], ordered ? 199U : 150U);
    for (size_t i = 0; i < 4; ++i) {
      const double expected = ordered ? (i == 1 ? 100 : 0) : c.without_second[i];
      if (i == dead) continue;
      EXPECT_NEAR(later[i] / 200.0, expected, 2.0) << "endpoint " << i;
    }
    // It answers again, and is asked as before.
    const std::vector<unsigned> back = deal(c.pool, {}, 4'000);
    EXPECT_NEAR(back[dead] / 40.0, c.all[dead], 4) << "not asked again";
  }
}

// Most are silent, in whatever order: the one that answers is found.
TEST_F(SilentTest, TheOneThatAnswersIsFound) {
  for (unsigned pool = 0; pool < 4; ++pool) {
    deal(pool, {0, 1, 3}, 4'000);
    EXPECT_GE(deal(pool, {0, 1, 3}, 4'000)[2], 4'000U - 3 * 41) << pool;
  }
}

// When all are silent that says nothing about any of them.
TEST_F(SilentTest, WhenAllAreSilentThePolicyDecides) {
  for (const PolicyCase& c : kPolicies) {
    SCOPED_TRACE(c.description);
    deal(c.pool, {0, 1, 2, 3}, 8'000);
    const std::vector<unsigned> sends = deal(c.pool, {0, 1, 2, 3}, 20'000);
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(sends[i] / 200.0, c.all[i], 2.5) << "endpoint " << i;
  }
}

// Names whose servers are silent: of each endpoint's sends one in fifty is another's, and is answered. Nobody is left aside.
TEST_F(SilentTest, WhatIsAnsweredNowAndThenIsNotSilent) {
  for (const PolicyCase& c : kPolicies) {
    SCOPED_TRACE(c.description);
    const config::ImagePool& image = rig.ruleset->pool(config::PoolIndex{c.pool});
    std::array<unsigned, 4> sends{};
    for (unsigned i = 0; i < 40'000; ++i) {
      if (i % 2 == 0) rig.pass(1);
      const Choice choice = choose(c.pool);
      const EndpointSlot slot = rig.lcore().endpoints.hops[choice.endpoint].slot;
      const unsigned number = place_of(image, choice.endpoint);
      rig.lcore().endpoints.silence.count_send(slot, rig.now);
      if (sends[number]++ % 50 == 49) rig.lcore().endpoints.silence.count_answer(slot);
      ASSERT_FALSE(rig.lcore().endpoints.silence.is_silent(slot, 500 * kMs, rig.now));
    }
    for (size_t i = 0; i < 4; ++i) EXPECT_NEAR(sends[i] / 400.0, c.all[i], 1.5);
  }
}

// One that is asked little owes little, however long nothing came.
TEST_F(SilentTest, LittleThatIsOwedSaysNothing) {
  for (unsigned i = 0; i < state::Silence::kOwed - 1; ++i)
    rig.lcore().endpoints.silence.count_send(EndpointSlot{4}, rig.now);
  rig.pass(60'000);
  expect_shares(1, {25, 25, 25, 25});
  rig.lcore().endpoints.silence.count_send(EndpointSlot{4}, rig.now);
  expect_shares(1, {0, 33.3, 33.3, 33.3});
}

// A retry is nobody's trial, and rather goes to one that answers; to a silent one before it asks the same again.
TEST_F(SilentTest, RetriesGoToThoseThatAnswer) {
  deal(1, {0, 1, 3}, 6'000);
  const config::ImagePool& pool = rig.ruleset->pool(config::PoolIndex{1});
  for (unsigned i = 0; i < 1'000; ++i) {
    rig.pass(1);
    ASSERT_EQ(place_of(pool, choose(1, {hop_at(pool, 0).slot}).endpoint), 2U);
    ASSERT_NE(place_of(pool, choose(1, {hop_at(pool, 2).slot}).endpoint), 2U);
  }
  // The one of two that answer that was not asked.
  rig.lcore().endpoints.silence.count_answer(hop_at(pool, 3).slot);
  for (unsigned i = 0; i < 100; ++i) ASSERT_EQ(place_of(pool, choose(1, {hop_at(pool, 2).slot}).endpoint), 3U);
}

TEST_F(SilentTest, OneThatReturnsAndIsSilent) {
  set("10.2.0.2", Health::down);
  set("10.2.0.2", Health::up);
  rig.pass(9'000);
  for (unsigned i = 0; i < state::Silence::kOwed; ++i)
    rig.lcore().endpoints.silence.count_send(EndpointSlot{5}, rig.now - 1'000 * kMs);
  expect_shares(1, {33.3, 0, 33.3, 33.3});
}

// Nobody probes any more: what is owed decides, whatever the policy.
TEST_F(ChooseTest, WhileControlIsSilentTheLessBusyIsAsked) {
  set("10.4.0.1", Health::down);
  rig.lcore().control_silent = true;
  expect_shares(3, {25, 25, 25, 25});
  rig.lcore().endpoints.outstanding.fill(0);
  for (const uint16_t slot : {12, 13, 14}) rig.lcore().endpoints.outstanding[EndpointSlot{slot}] = 100;
  EXPECT_GT(shares(3)[3], 48);
}

// A retry goes to one that was not asked; to the same again only when there is no other.
TEST_F(ChooseTest, NotWhomItHasAsked) {
  for (unsigned pool = 0; pool < 4; ++pool) {
    const config::ImagePool& image = rig.ruleset->pool(config::PoolIndex{pool});
    for (int round = 0; round < 50; ++round) {
      std::vector<EndpointSlot> asked;
      for (unsigned sends = 0; sends < 4; ++sends) {
        const Choice choice = choose(pool, asked);
        ASSERT_NE(choice.endpoint, kNoEndpoint);
        const EndpointSlot slot = rig.lcore().endpoints.hops[choice.endpoint].slot;
        ASSERT_EQ(std::count(asked.begin(), asked.end(), slot), 0);
        asked.push_back(slot);
      }
      ASSERT_NE(choose(pool, asked).endpoint, kNoEndpoint);
    }
    set("10." + std::to_string(pool + 1) + ".0.1", Health::down);
    const std::vector<EndpointSlot> others{hop_at(image, 1).slot, hop_at(image, 2).slot, hop_at(image, 3).slot};
    EXPECT_NE(choose(pool, others).endpoint, image.first_endpoint);  // again rather than one that is down
  }
}

std::string budget_rules(const std::string& endpoints, const std::string& policy = "round-robin") {
  return R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86, "fd00::86"]
clients: {allow: [192.168.0.0/16, 10.0.0.0/8]}
pools: {vpc: {kind: recursive, policy: )" +
         policy + ", endpoints: [" + endpoints + R"(]}}
zones: [{zone: studio.us-east-1.sagemaker.aws, pool: vpc}]
)";
}

class BudgetTest : public ChooseTest {
 protected:
  BudgetTest()
      : ChooseTest(budget_rules("{address: 10.1.0.1, budget: 1000}, {address: 10.1.0.2, budget: 3000}, "
                                "{address: 10.1.0.3, budget: 1000}")) {}
  uint64_t over_budget(uint16_t slot) {
    return rig.counters().lcore[0].endpoints[EndpointSlot{slot}].over_budget.get();
  }
};

// The load that one cannot take goes to its siblings; what none can take is answered at once.
TEST_F(BudgetTest, SpillsOverThenAnswers) {
  set("10.1.0.3", Health::down);
  unsigned forwarded = 0;
  for (unsigned ms = 0; ms < 2'000; ++ms) {
    for (int i = 0; i < 3; ++i) {  // 3000/s: half of it is more than the first may take
      const auto sent = rig.receive(0, {write(from_client(write(new_query())))});
      if (sent.size() != 1 || sent[0].port != 1) continue;
      ++forwarded;
      rig.receive(1, {write(answer_to_query(read(sent[0].bytes).value()))});
    }
    rig.pass(1);
  }
  EXPECT_EQ(forwarded, 6'000U);
  EXPECT_NEAR(static_cast<double>(rig.counters().lcore[0].endpoints[EndpointSlot{0}].queries.get()), 2'000, 40);
  EXPECT_NEAR(static_cast<double>(over_budget(0)), 1'000, 40);
  EXPECT_EQ(over_budget(1), 0U);
}

TEST_F(BudgetTest, NoneLeftIsServfailAndNeverAnEndpointThatIsDown) {
  set("10.1.0.3", Health::down);
  std::vector<Sent> sent;
  unsigned forwarded = 0;
  for (; forwarded < 1'000; ++forwarded) {
    sent = rig.receive(0, {write(from_client(write(new_query())))});
    ASSERT_EQ(sent.size(), 1U);
    if (sent[0].port == 0) break;
    ASSERT_NE(config::to_string(read(sent[0].bytes).value().destination), "10.1.0.3");
  }
  EXPECT_NEAR(forwarded, 93 + 278, 3);  // two full buckets after a quiet time
  rig.verdict();
  const Frame answer = only(rig.receive(0, {write(from_client(write(new_query())))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.servfail_over_budget");
  EXPECT_EQ(get16(answer.payload, 2) & 0xf, 2);
  const std::string text = "rate budget of the endpoints";
  EXPECT_EQ(std::string(answer.payload.end() - static_cast<ptrdiff_t>(text.size()), answer.payload.end()), text);
  EXPECT_EQ(get16(answer.payload, answer.payload.size() - text.size() - 2), 23);
  // A drained one is not asked for want of budget either.
  set("10.1.0.3", Health::up, true);
  EXPECT_EQ(choose(0).obstacle, Obstacle::over_budget);
  // All that is up is gone: the one that is down is asked, within its budget.
  set("10.1.0.3", Health::down);
  set("10.1.0.1", Health::up, false, false);
  set("10.1.0.2", Health::up, false, false);
  unsigned to_down = 0;
  while (choose(0).endpoint == EndpointIndex{2}) ++to_down;
  EXPECT_NEAR(to_down, 93, 2);
}

// Over budget is who could have taken it, and no other: not where the query came from, nor one that is down or taken out.
TEST_F(BudgetTest, OnlyCandidatesAreOverBudget) {
  const auto drain = [&](uint16_t slot, uint32_t budget) {
    while (rig.lcore().endpoints.leases.take(*rig.budgets, EndpointSlot{slot}, budget, rig.now)) {
    }
  };
  for (const bool is_down : {true, false}) {
    rig.pass(1'000);
    drain(0, 1'000);
    drain(1, 3'000);
    drain(2, 1'000);
    set("10.1.0.3", is_down ? Health::down : Health::up, !is_down);
    const uint64_t before[] = {over_budget(0), over_budget(1), over_budget(2)};
    EXPECT_EQ(choose(0).obstacle, Obstacle::over_budget);
    EXPECT_EQ(over_budget(0), before[0] + 1);
    EXPECT_EQ(over_budget(1), before[1] + 1);
    EXPECT_EQ(over_budget(2), before[2]);
    EXPECT_EQ(choose(0, {}, "10.1.0.2").obstacle, Obstacle::over_budget);
    EXPECT_EQ(over_budget(0), before[0] + 2);
    EXPECT_EQ(over_budget(1), before[1] + 1);
    EXPECT_EQ(over_budget(2), before[2]);
  }
}

TEST_F(BudgetTest, RetriesCount) {
  set("10.1.0.2", Health::down);
  set("10.1.0.3", Health::down);
  unsigned sends = 0;
  while (choose(0, {EndpointSlot{0}}).endpoint == EndpointIndex{0}) ++sends;
  EXPECT_NEAR(sends, 93, 2);
}

class LoopTest : public ChooseTest {
 protected:
  LoopTest()
      : ChooseTest(budget_rules("10.1.0.1, 10.1.0.2", "least-outstanding") +
                   "default: {pool: vpc}\ndataplane: {query_timeout: 1800ms}\n") {}
  std::optional<config::Event> event(uint64_t number) { return rig.counters().lcore[0].events.get(number); }
};

TEST_F(LoopTest, NeverBackToWhereItCameFrom) {
  for (int i = 0; i < 100; ++i) {
    const Frame left = forward(from_client(write(new_query()), "10.1.0.1"));
    ASSERT_EQ(config::to_string(left.destination), "10.1.0.2");
  }
  // One event, however many queries.
  EXPECT_EQ(rig.counters().lcore[0].events.count(), 1U);
  const config::Event seen = event(0).value();
  EXPECT_EQ(seen.kind, config::EventKind::loop);
  EXPECT_EQ(seen.endpoint_slot, EndpointSlot{0});
  EXPECT_EQ(seen.rule, 0U);
  EXPECT_EQ(seen.blocked, 0);
  EXPECT_EQ(seen.address, address("10.1.0.1").bytes);
  EXPECT_EQ(seen.family, 4);
  EXPECT_EQ(seen.type, 1);
  const Bytes name = wire_name("x1.studio.us-east-1.sagemaker.aws");
  EXPECT_EQ(Bytes(seen.name.begin(), seen.name.begin() + seen.name_length), name);
  // Nor by a retry, although it is the only one that was not asked yet.
  rig.pass(600);
  for (const Sent& sent : rig.sweep()) EXPECT_EQ(config::to_string(read(sent.bytes).value().destination), "10.1.0.2");
  forward(from_client(write(new_query()), "10.1.0.2"));
  EXPECT_EQ(rig.counters().lcore[0].events.count(), 1U);
  rig.pass(1'000);
  forward(from_client(write(new_query()), "10.1.0.2"));
  EXPECT_EQ(rig.counters().lcore[0].events.count(), 2U);
  EXPECT_EQ(event(1).value().endpoint_slot, EndpointSlot{1});
}

TEST_F(LoopTest, NobodyElseIsRefused) {
  set("10.1.0.2", Health::up, false, false);
  rig.verdict();
  const Frame answer = only(rig.receive(0, {write(from_client(write(new_query()), "10.1.0.1"))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.refused_loop");
  EXPECT_EQ(get16(answer.payload, 2) & 0xf, 5);
  EXPECT_EQ(std::string(answer.payload.end() - 4, answer.payload.end()), "loop");
  EXPECT_EQ(get16(answer.payload, answer.payload.size() - 6), 0);
  EXPECT_EQ(event(0).value().blocked, 1);
  // A drained or failed one is still another.
  set("10.1.0.2", Health::down);
  EXPECT_EQ(config::to_string(forward(from_client(write(new_query()), "10.1.0.1")).destination), "10.1.0.2");
  set("10.1.0.2", Health::up, true);
  EXPECT_EQ(config::to_string(forward(from_client(write(new_query()), "10.1.0.1")).destination), "10.1.0.2");
  // The same octets in the other family are another host.
  config::IpAddress v6 = address("::");
  v6.bytes[0] = 10;
  v6.bytes[1] = 1;
  v6.bytes[3] = 1;
  EXPECT_EQ(path::choose_endpoint(rig.lcore(), rig.ruleset->pool(config::PoolIndex{0}), {}, v6.bytes, 6).origin,
            kNoEndpoint);
}

TEST_F(LoopTest, AProbeThatComesBackIsRefusedAndTold) {
  const config::LoopLabel label = config::loop_label(config::PoolIndex{3}, rig.ruleset->header().loop_token);
  DnsQuery query = studio_query();
  query.question.name = std::string(label.begin(), label.end()) + ".studio.us-east-1.sagemaker.aws";
  query.question.name[0] = 'P';  // letters may have been changed on the way (0x20)
  only(rig.receive(0, {write(from_client(write(query), "10.9.9.9"))}), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.refused_loop_probe");
  const config::Event seen = event(0).value();
  EXPECT_EQ(seen.kind, config::EventKind::loop_probe);
  EXPECT_EQ(seen.rule, 3U);
  EXPECT_EQ(seen.address, address("10.9.9.9").bytes);
  EXPECT_EQ(seen.endpoint_slot, config::kNoEndpointSlot);
  EXPECT_EQ(seen.generation, rig.ruleset->header().generation);
  // Another's token is an ordinary name.
  query.question.name[query.question.name.find('.') - 1] ^= 1;
  forward(from_client(write(query)));
  // Not the first label: an ordinary name.
  query.question.name = "x." + std::string(label.begin(), label.end()) + ".example";
  forward(from_client(write(query)));
}

}  // namespace
}  // namespace penstock::test
