// tests/dataplane/path/limits/admit_test.cpp - clients that take too much, and that the others do not feel it. Time is simulated.
#include "dataplane/path/limits/admit.h"

#include <map>
#include <random>

#include "dataplane/housekeeping/endpoint_meter.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

using config::QueryOutcome;

const char* const kFloodRules = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86, "fd00::86"]
clients:
  allow: [10.0.0.0/8, "fd00::/8"]
  groups: {controllers: {prefixes: [10.9.0.0/16], weight: 20}}
pools: {vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}}
zones: [{zone: studio.us-east-1.sagemaker.aws, pool: vpc}]
)";

// Clients that ask at random times, endpoints that answer a millisecond later, and a main thread.
class Flood {
 public:
  Flood(unsigned lcores, const char* rules) : rig(RigOptions{.rules = rules, .lcores = lcores, .budgets = true}) {
    lcores_ = lcores;
  }

  struct Client {
    std::string address;
    double rate;
    uint64_t asked = 0;
    uint64_t forwarded = 0;
    uint64_t over_share = 0;
    uint64_t over_budget = 0;
  };
  std::vector<Client> clients;

  void run(unsigned milliseconds) {
    for (unsigned ms = 0; ms < milliseconds; ++ms) {
      rig.pass(1);
      meter_.tick(rig.ruleset.get(), rig.counters(), *rig.budgets, rig.now);
      std::vector<std::pair<size_t, unsigned>> asks;
      for (size_t i = 0; i < clients.size(); ++i) {
        std::poisson_distribution<unsigned> count(clients[i].rate / 1000);
        for (unsigned n = count(random_); n > 0; --n) asks.emplace_back(i, static_cast<unsigned>(random_()) % lcores_);
      }
      std::shuffle(asks.begin(), asks.end(), random_);
      for (const auto& [client, lcore] : asks) ask(clients[client], lcore);
    }
  }

  PathRig rig;

 private:
  void ask(Client& client, unsigned lcore) {
    DnsQuery query;
    query.question.name = "x" + std::to_string(++names_) + ".studio.us-east-1.sagemaker.aws";
    const bool v6 = client.address.find(':') != std::string::npos;
    const Frame frame{.source_mac = mac(0xc1),
                      .destination_mac = mac(0xa0),
                      .vlan = {},
                      .source = address(client.address),
                      .destination = address(v6 ? "fd00::86" : "192.168.10.86"),
                      .source_port = static_cast<uint16_t>(1024 + names_ % 60'000),
                      .destination_port = 53,
                      .payload = write(query)};
    auto& outcomes = rig.counters().lcore[lcore].query;
    const uint64_t shares = outcomes[QueryOutcome::servfail_over_share].get();
    const uint64_t budgets = outcomes[QueryOutcome::servfail_over_budget].get();
    ++client.asked;
    for (const Sent& sent : rig.receive(0, {write(frame)}, lcore)) {
      if (sent.port != 1) continue;
      ++client.forwarded;
      Frame response = read(sent.bytes).value();
      std::swap(response.source_mac, response.destination_mac);
      std::swap(response.source, response.destination);
      std::swap(response.source_port, response.destination_port);
      response.payload = answer_to(response.payload, 3);
      rig.receive(1, {write(response)}, lcore);
    }
    client.over_share += outcomes[QueryOutcome::servfail_over_share].get() - shares;
    client.over_budget += outcomes[QueryOutcome::servfail_over_budget].get() - budgets;
  }

  unsigned lcores_;
  std::mt19937 random_{11};
  EndpointMeter meter_;
  uint64_t names_ = 0;
};

// The laptop that floods: 20,000/s of random names under a pool of 2 x 10,000/s, beside 500 clients of 10/s.
TEST(Admit, OneFloodsAndTheOthersLoseNothing) {
  for (const unsigned lcores : {1U, 8U}) {
    SCOPED_TRACE(lcores);
    Flood flood(lcores, kFloodRules);
    for (int i = 0; i < 500; ++i)
      flood.clients.push_back({"10.1." + std::to_string(i / 250) + "." + std::to_string(1 + i % 250), 10});
    flood.run(300);
    flood.clients.push_back({"10.1.9.9", 20'000});
    flood.run(4'000);
    uint64_t lost = 0;
    for (int i = 0; i < 500; ++i) lost += flood.clients[i].asked - flood.clients[i].forwarded;
    EXPECT_EQ(lost, 0U);
    const Flood::Client& laptop = flood.clients.back();
    EXPECT_EQ(laptop.asked, laptop.forwarded + laptop.over_share + laptop.over_budget);
    EXPECT_GT(laptop.over_share, 0U);
    // What nobody else asks for it has: 20,000 less 5,000 a second, and what the buckets held.
    EXPECT_NEAR(static_cast<double>(laptop.forwarded), 4 * 15'000, 1'200);
    EXPECT_EQ(laptop.over_budget, 0U);
    EXPECT_EQ(flood.rig.imbalance(), "");
  }
}

// A flood from many addresses of one /64 is one client's; ten such clients leave room, too.
TEST(Admit, TenFloodFromTheirNetworks) {
  Flood flood(2, kFloodRules);
  for (int i = 0; i < 200; ++i) flood.clients.push_back({"10.1.0." + std::to_string(1 + i), 10});
  for (int network = 0; network < 10; ++network)
    for (int host = 0; host < 4; ++host)
      flood.clients.push_back({"fd00:0:0:" + std::to_string(network + 1) + "00::" + std::to_string(host + 1), 1'000});
  flood.run(3'000);
  uint64_t lost = 0;
  uint64_t asked = 0;
  for (int i = 0; i < 200; ++i) {
    lost += flood.clients[i].asked - flood.clients[i].forwarded;
    asked += flood.clients[i].asked;
  }
  EXPECT_LE(lost, asked / 1000);
  EXPECT_EQ(flood.rig.imbalance(), "");
}

// A domain controller asks for a whole site while a laptop floods: its group's weight lets it have what it needs.
TEST(Admit, AGroupMayWeighMore) {
  std::map<std::string, double> lost;
  for (const char* client : {"10.9.0.1", "10.1.0.1"}) {
    Flood flood(1, kFloodRules);
    flood.clients.push_back({client, 15'000});
    flood.run(300);
    flood.clients.push_back({"10.1.9.9", 40'000});
    flood.run(3'000);
    const Flood::Client& one = flood.clients[0];
    lost[client] = 1 - static_cast<double>(one.forwarded) / static_cast<double>(one.asked);
  }
  EXPECT_LT(lost["10.9.0.1"], 0.001);
  EXPECT_GT(lost["10.1.0.1"], 0.1);  // of no group: two that take much are alike
}

// One client alone has all of the budget, and no more.
TEST(Admit, WhatNobodyElseWantsIsTheClients) {
  for (const unsigned lcores : {1U, 4U}) {
    Flood flood(lcores, kFloodRules);
    flood.clients.push_back({"10.1.0.1", 18'000});
    flood.run(2'000);
    EXPECT_EQ(flood.clients[0].forwarded, flood.clients[0].asked);
    flood.clients[0] = {"10.1.0.1", 40'000};
    flood.run(3'000);
    EXPECT_NEAR(static_cast<double>(flood.clients[0].forwarded), 3 * 20'000, 1'200);
  }
}

TEST(Admit, ASmallBudgetIsUsedUp) {
  std::string rules = kFloodRules;
  rules.replace(rules.find("[10.16.1.10, 10.16.2.10]"), 24, "[{address: 10.16.1.10, budget: 100}]");
  Flood flood(1, rules.c_str());
  flood.clients.push_back({"10.1.0.1", 1'000});
  flood.run(5'000);
  EXPECT_NEAR(static_cast<double>(flood.clients[0].forwarded), 500, 12);
  EXPECT_EQ(flood.clients[0].asked,
            flood.clients[0].forwarded + flood.clients[0].over_share + flood.clients[0].over_budget);
}

// `queries` of one client below a zone, each of another name and never answered. How many an endpoint is sent.
unsigned ask_unanswered(PathRig& rig, const char* client, const char* zone, unsigned queries, unsigned& names) {
  unsigned forwarded = 0;
  for (unsigned i = 0; i < queries; ++i) {
    DnsQuery query = studio_query();
    query.question.name = "x" + std::to_string(++names) + "." + zone;
    Frame frame{.source_mac = mac(0xc1),
                .destination_mac = mac(0xa0),
                .vlan = {},
                .source = address(client),
                .destination = address("192.168.10.86"),
                .source_port = 40000,
                .destination_port = 53,
                .payload = write(query)};
    for (const Sent& sent : rig.receive(0, {write(frame)})) forwarded += sent.port == 1 ? 1 : 0;
  }
  return forwarded;
}

class PoolShareTest : public PathTest {
 protected:
  PoolShareTest() : PathTest(RigOptions{.rules = {}, .pending_slots = 1024}) {}
  unsigned ask(const char* client, const char* zone, unsigned queries) {
    return ask_unanswered(rig, client, zone, queries, names_);
  }
  void give_all_up() {
    rig.pass(2'000);
    for (int i = 0; i < 200; ++i) rig.sweep();
    ASSERT_EQ(rig.lcore().flights.pending.in_use(), 0U);
    for (const uint32_t pending : rig.lcore().endpoints.pool_pending) ASSERT_EQ(pending, 0U);
  }
  unsigned names_ = 0;
};

// A pool may have 384 of the 768 slots: whoever comes has half of them, then half of what is left of them.
TEST_F(PoolShareTest, OneWhoFillsAPoolLeavesRoomInIt) {
  const char* const kZone = "studio.us-east-1.sagemaker.aws";
  EXPECT_NEAR(ask("192.168.1.1", kZone, 5'000), 192 + 96, 2);
  for (int i = 2; i < 12; ++i) EXPECT_EQ(ask(("192.168.1." + std::to_string(i)).c_str(), kZone, 4), 4U);
  EXPECT_EQ(rig.counters().lcore[0].query[QueryOutcome::servfail_pending_full].get(), 0U);
  EXPECT_EQ(ask("192.168.1.1", "six.example", 4), 4U);
  give_all_up();
  EXPECT_NEAR(ask("192.168.1.1", kZone, 5'000), 192 + 96, 2);
  give_all_up();
}

// Retries are further sends of the same query: they do not count as its client's, nor as the pool's.
TEST_F(PoolShareTest, ARetryHoldsNoSlot) {
  const char* const kZone = "studio.us-east-1.sagemaker.aws";
  EXPECT_EQ(ask("192.168.1.1", kZone, 100), 100U);
  rig.pass(400);
  for (int i = 0; i < 20; ++i) rig.sweep();
  EXPECT_GT(rig.counters().lcore[0].retry[config::RetryOutcome::sent].get(), 0U);
  EXPECT_NEAR(ask("192.168.1.1", kZone, 5'000), 92 + 96, 2);
  give_all_up();
}

class PendingShareTest : public PathTest {
 protected:
  PendingShareTest() : PathTest(RigOptions{.rules = {}, .pending_slots = 1024}) {}
  // How many of its queries, none of which is ever answered, are sent.
  unsigned ask(const char* client, unsigned queries) {
    unsigned forwarded = 0;
    // Below two zones in turn, so that no pool has its half: here it is the table that is looked at.
    for (unsigned i = 0; i < queries; ++i)
      forwarded +=
          ask_unanswered(rig, client, i % 2 == 0 ? "studio.us-east-1.sagemaker.aws" : "six.example", 1, names_);
    return forwarded;
  }
  unsigned names_ = 0;
};

TEST_F(PendingShareTest, OneWhoseQueriesAreNeverAnsweredLeavesRoom) {
  // 768 slots may be used: half of them for whoever comes, then half of what is left.
  const unsigned first = ask("192.168.1.1", 5'000);
  EXPECT_NEAR(first, 384 + 192, 2);
  const unsigned second = ask("192.168.1.2", 5'000);
  EXPECT_NEAR(second, 96, 2);
  for (int i = 3; i < 8; ++i) EXPECT_GE(ask(("192.168.1." + std::to_string(i)).c_str(), 4), 4U);
  EXPECT_EQ(rig.counters().lcore[0].query[QueryOutcome::servfail_pending_full].get(), 0U);
  // Everything is given up: all is as at the beginning.
  rig.pass(2'000);
  for (int i = 0; i < 200; ++i) rig.sweep();
  ASSERT_EQ(rig.lcore().flights.pending.in_use(), 0U);
  EXPECT_NEAR(ask("192.168.1.1", 5'000), 384 + 192, 2);
  rig.pass(2'000);
  for (int i = 0; i < 200; ++i) rig.sweep();
}

constexpr config::EndpointSlot kPool{0};  // whose it is

TEST(ClientShares, TheBusyOneStaysAmongMany) {
  const auto shares = std::make_unique<state::ClientShares>(42);
  const auto busy = address("10.1.1.1");
  shares->entry({busy.bytes, 4, false}, state::Thing::rate, kPool, 0, 3).taken = 1000;
  std::mt19937 random(1);
  for (int i = 0; i < 1'000'000; ++i) {
    state::AddressBytes other{};
    const uint32_t number = static_cast<uint32_t>(random());
    std::memcpy(other.data(), &number, 4);
    shares->entry({other, 4, false}, state::Thing::rate, kPool, 0, 3).taken += 1;
  }
  const state::ClientShare* found = shares->find({busy.bytes, 4, false}, state::Thing::rate, kPool);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->taken, 1000U);
}

TEST(ClientShares, WhoIsOneClient) {
  const auto shares = std::make_unique<state::ClientShares>(42);
  const auto entry = [&](const char* text, config::EndpointSlot of = kPool, state::Thing thing = state::Thing::rate,
                         bool is_proved = false) {
    const auto parsed = address(text);
    return &shares->entry({parsed.bytes, parsed.family, is_proved}, thing, of, 0, 3);
  };
  EXPECT_EQ(entry("10.1.1.1"), entry("10.1.1.1"));
  EXPECT_NE(entry("10.1.1.1"), entry("10.1.1.2"));
  EXPECT_NE(entry("10.1.1.1"), entry("10.1.1.1", config::EndpointSlot{1}));
  EXPECT_NE(entry("10.1.1.1"), entry("10.1.1.1", kPool, state::Thing::chases));
  EXPECT_NE(entry("10.1.1.1"), entry("10.1.1.1", kPool, state::Thing::rate, true));
  EXPECT_EQ(entry("fd00:0:0:100::1"), entry("fd00:0:0:100:1:2:3:4"));
  EXPECT_NE(entry("fd00:0:0:100::1"), entry("fd00:0:0:101::1"));
  EXPECT_NE(entry("10.1.1.1"), entry("a01:101::"));
}

TEST(ClientShares, WhatWasTakenIsForgotten) {
  const auto shares = std::make_unique<state::ClientShares>(42);
  const auto client = address("10.1.1.1");
  const uint64_t window = uint64_t{1} << (state::ClientShares::kTickShift + 3);
  uint64_t now = 5 * window;
  for (int i = 0; i < 100; ++i, now += window)
    shares->entry({client.bytes, 4, false}, state::Thing::rate, kPool, now, 3).taken = 1000;
  EXPECT_NEAR(shares->entry({client.bytes, 4, false}, state::Thing::rate, kPool, now, 3).usual / 256.0, 1000, 5);
  EXPECT_EQ(shares->entry({client.bytes, 4, false}, state::Thing::rate, kPool, now, 3).taken, 0U);
  EXPECT_NEAR(shares->entry({client.bytes, 4, false}, state::Thing::rate, kPool, now + 8 * window, 3).usual / 256.0,
              344, 5);
  EXPECT_EQ(shares->entry({client.bytes, 4, false}, state::Thing::rate, kPool, now + 100 * window, 3).usual, 0U);
}

}  // namespace
}  // namespace penstock::test
