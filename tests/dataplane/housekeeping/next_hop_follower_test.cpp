// tests/dataplane/housekeeping/next_hop_follower_test.cpp - a gateway's new MAC: written by us while control is silent, and only then.
#include "dataplane/housekeeping/next_hop_follower.h"

#include <gtest/gtest.h>

#include <memory>

namespace penstock {
namespace {

using Mac = std::array<uint8_t, 6>;
constexpr Mac kOld{2, 0, 0, 0, 0, 1};
constexpr Mac kNew{2, 0, 0, 0, 0, 2};
constexpr uint64_t kSecond = 1'000'000'000;
constexpr int kInterface = 7;

config::EndpointState endpoint(Mac mac, uint8_t port = 0, uint16_t vlan = 0, uint8_t reachable = 1) {
  config::EndpointState state;
  state.family = 4;
  state.mac = mac;
  state.port = port;
  state.vlan = vlan;
  state.reachable = reachable;
  state.health = config::Health::up;
  return state;
}

net::MacChange gateway_moved(int interface = kInterface, Mac from = kOld, Mac to = kNew) {
  return {interface, *config::parse_address("192.168.10.1"), from, to};
}

struct Rig {
  std::unique_ptr<config::EndpointStatePage> page = std::make_unique<config::EndpointStatePage>();
  NextHopFollower follower{{kInterface, kInterface + 1}};
  uint64_t now = 100 * kSecond;

  Rig() { page->heartbeat_ns = now; }
  void has(uint16_t slot, const config::EndpointState& state) { page->slots[config::EndpointSlot{slot}].store(state); }
  config::EndpointState of(uint16_t slot) const { return page->slots[config::EndpointSlot{slot}].load(); }
  size_t follow(std::vector<net::MacChange> seen = {}) { return follower.follow(seen, *page, now).size(); }
};

TEST(NextHopFollower, LeavesItToAControlThatIsThere) {
  Rig rig;
  rig.has(0, endpoint(kOld));
  rig.now += kSecond / 2;
  EXPECT_EQ(rig.follow({gateway_moved()}), 0U);
  EXPECT_EQ(rig.of(0).mac, kOld);
  EXPECT_EQ(rig.page->sequence, 0U);
}

TEST(NextHopFollower, WritesWhileControlIsSilent) {
  Rig rig;
  rig.has(0, endpoint(kOld));
  rig.has(3, endpoint(kOld));
  rig.now += 2 * kSecond;
  const auto followed = rig.follower.follow({gateway_moved()}, *rig.page, rig.now);
  ASSERT_EQ(followed.size(), 1U);
  EXPECT_EQ(followed[0].endpoints, 2U);
  EXPECT_EQ(rig.of(0).mac, kNew);
  EXPECT_EQ(rig.of(3).mac, kNew);
  EXPECT_EQ(rig.of(3).health, config::Health::up) << "the rest of the slot stays";
  EXPECT_NE(rig.page->sequence, 0U) << "or no lcore looks";
  EXPECT_EQ(rig.page->sequence % 2, 0U);
}

TEST(NextHopFollower, WritesLaterWhatControlDidNotLiveToWrite) {
  Rig rig;
  rig.has(0, endpoint(kOld));
  rig.now += kSecond / 10;
  EXPECT_EQ(rig.follow({gateway_moved()}), 0U);
  rig.now += kSecond;
  EXPECT_EQ(rig.follow(), 1U);
  EXPECT_EQ(rig.of(0).mac, kNew);
}

TEST(NextHopFollower, ForgetsWhatControlHadTimeFor) {
  Rig rig;
  rig.has(0, endpoint(kOld));
  EXPECT_EQ(rig.follow({gateway_moved()}), 0U);
  rig.now += 6 * kSecond;
  rig.page->heartbeat_ns = rig.now;
  EXPECT_EQ(rig.follow(), 0U);
  rig.now += 2 * kSecond;
  EXPECT_EQ(rig.follow(), 0U);
  EXPECT_EQ(rig.of(0).mac, kOld);
}

TEST(NextHopFollower, TakesChangesInTheirOrder) {
  Rig rig;
  rig.has(0, endpoint(kOld));
  rig.now += 2 * kSecond;
  EXPECT_EQ(rig.follow({gateway_moved(), gateway_moved(kInterface, kNew, kOld)}), 2U);
  EXPECT_EQ(rig.of(0).mac, kOld);
}

TEST(NextHopFollower, TouchesNoOtherNextHop) {
  const struct {
    const char* description;
    config::EndpointState state;
  } cases[] = {
      {"another next hop on the interface", endpoint({2, 0, 0, 0, 0, 9})},
      {"the same MAC on another interface (VRRP has the same for all its gateways)", endpoint(kOld, 1)},
      {"behind a VLAN", endpoint(kOld, 0, 100)},
      {"not reachable: what is there is no MAC", endpoint(kOld, 0, 0, 0)},
      {"a port that we do not have", endpoint(kOld, 9)},
      {"a free slot", {}},
  };
  for (const auto& one : cases) {
    Rig rig;
    rig.has(5, one.state);
    rig.now += 2 * kSecond;
    EXPECT_EQ(rig.follow({gateway_moved()}), 0U) << one.description;
    EXPECT_EQ(rig.of(5).mac, one.state.mac) << one.description;
    EXPECT_EQ(rig.page->sequence, 0U) << one.description;
  }
}

}  // namespace
}  // namespace penstock
