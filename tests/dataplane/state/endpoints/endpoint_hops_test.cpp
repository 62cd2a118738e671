// tests/dataplane/state/endpoints/endpoint_hops_test.cpp - what an lcore takes from the shared page, also when control writes nonsense.
#include "dataplane/state/endpoints/endpoint_hops.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/support/path_rig.h"

namespace penstock::test {
namespace {

using config::EndpointState;
using config::Health;

// Endpoints of the rig's rules: 0 and 1 are vpc's, 2 is vpc6's, 3 is none's; their slots have the same numbers.
class EndpointHopsTest : public testing::Test {
 protected:
  void refresh() { hops.refresh(*rig.ruleset, *rig.endpoints, 2, rig.now); }
  PathRig rig{{.rules = {}, .lcores = 1, .pending_slots = 64, .frames = 1}};
  state::EndpointHops hops;
};

TEST_F(EndpointHopsTest, RefreshesWhenThePageMoved) {
  EXPECT_TRUE(hops.stale(*rig.endpoints, rig.now));
  refresh();
  EXPECT_FALSE(hops.stale(*rig.endpoints, rig.now));
  EndpointState state = rig.endpoint("10.16.1.10");
  state.vlan = 12;
  state.health = Health::down;
  rig.set_endpoint("10.16.1.10", state);
  EXPECT_TRUE(hops.stale(*rig.endpoints, rig.now));
  EXPECT_FALSE(hops[config::EndpointIndex{0}].down);
  refresh();
  EXPECT_FALSE(hops.stale(*rig.endpoints, rig.now));
  EXPECT_TRUE(hops[config::EndpointIndex{0}].down);
  EXPECT_EQ(hops[config::EndpointIndex{0}].vlan, 12);
  EXPECT_EQ(hops[config::EndpointIndex{0}].mac, mac(0xe1));
  EXPECT_EQ(hops[config::EndpointIndex{0}].address, address("10.16.1.10").bytes);
  EXPECT_EQ(hops[config::EndpointIndex{0}].source, address("192.168.10.86").bytes);
  EXPECT_EQ(hops[config::EndpointIndex{2}].family, 6);
}

TEST_F(EndpointHopsTest, APageCaughtWhileItIsWrittenStaysStale) {
  rig.endpoints->sequence.fetch_add(1);
  refresh();
  EXPECT_TRUE(hops.stale(*rig.endpoints, rig.now));
  EXPECT_TRUE(hops[config::EndpointIndex{0}].reachable);  // taken all the same
  rig.endpoints->sequence.fetch_add(1);
  refresh();
  EXPECT_FALSE(hops.stale(*rig.endpoints, rig.now));
}

struct SlotCase {
  const char* description;
  void (*change)(EndpointState&);
  bool reachable;
};

const SlotCase kSlots[] = {
    {"as it should be", [](EndpointState&) {}, true},
    {"free", [](EndpointState& s) { s = {}; }, false},
    {"another address", [](EndpointState& s) { s.address[3] ^= 1; }, false},
    {"the other family", [](EndpointState& s) { s.family = 6; }, false},
    {"no such family", [](EndpointState& s) { s.family = 9; }, false},
    {"not reachable", [](EndpointState& s) { s.reachable = 0; }, false},
    {"the last port", [](EndpointState& s) { s.port = 1; }, true},
    {"a port that we do not have", [](EndpointState& s) { s.port = 2; }, false},
    {"port 255", [](EndpointState& s) { s.port = 255; }, false},
};

TEST_F(EndpointHopsTest, Slots) {
  for (const SlotCase& c : kSlots) {
    EndpointState state = rig.endpoint("10.16.1.10");
    const EndpointState before = state;
    state.health = Health::down;
    state.drained = 1;
    c.change(state);
    config::write_slots(*rig.endpoints, [&](auto& slots) { slots[config::EndpointSlot{0}].store(state); });
    refresh();
    EXPECT_EQ(hops[config::EndpointIndex{0}].reachable, c.reachable) << c.description;
    // A foreign slot's health says nothing about ours; the address always is the ruleset's.
    if (state.address != before.address || state.family != 4) {
      EXPECT_FALSE(hops[config::EndpointIndex{0}].down) << c.description;
      EXPECT_FALSE(hops[config::EndpointIndex{0}].drained) << c.description;
    }
    EXPECT_EQ(hops[config::EndpointIndex{0}].address, address("10.16.1.10").bytes);
    EXPECT_EQ(hops[config::EndpointIndex{0}].family, 4);
    EXPECT_TRUE(hops[config::EndpointIndex{1}].reachable);
    config::write_slots(*rig.endpoints, [&](auto& slots) { slots[config::EndpointSlot{0}].store(before); });
  }
}

// A copy that is not stale is one that control wrote as a whole: MAC, VLAN and source always belong together.
TEST_F(EndpointHopsTest, AFreshCopyIsNeverTorn) {
  const auto write_all = [&](uint8_t n) {
    config::write_slots(*rig.endpoints, [&](auto& slots) {
      for (const config::EndpointSlot slot : {config::EndpointSlot{0}, config::EndpointSlot{1}}) {
        EndpointState state = slots[slot].load();
        state.mac.fill(n);
        state.vlan = n;
        state.source.fill(n);
        slots[slot].store(state);
      }
    });
  };
  write_all(0);
  std::atomic<bool> stop{false};
  std::thread control([&] {
    for (uint8_t n = 1; !stop.load(); ++n) write_all(n);
  });
  unsigned fresh = 0;
  unsigned torn = 0;
  for (unsigned i = 0; i < 100'000 || (fresh == 0 && i < 10'000'000); ++i) {
    refresh();
    if (hops.stale(*rig.endpoints, rig.now)) continue;  // may be torn, and the next turn looks again
    ++fresh;
    for (const config::EndpointIndex endpoint : {config::EndpointIndex{0}, config::EndpointIndex{1}}) {
      const auto& hop = hops[endpoint];
      if (hop.mac[0] != hop.mac[5] || hop.vlan != hop.mac[0] || hop.source[0] != hop.mac[0] ||
          hop.source[15] != hop.mac[0] || hop.mac[0] != hops[config::EndpointIndex{0}].mac[0])
        ++torn;
    }
  }
  stop.store(true);
  control.join();
  EXPECT_GT(fresh, 0U);
  EXPECT_EQ(torn, 0U);
}

}  // namespace
}  // namespace penstock::test
