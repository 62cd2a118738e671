// tests/dataplane/net/interface_watch_test.cpp - the kernel's own messages about routes and neighbours, in a network namespace of this process.
#include "dataplane/net/kernel/interface_watch.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <functional>

namespace penstock::net {
namespace {

const config::IpAddress kGateway = config::parse_address("10.9.9.2").value();
const config::IpAddress kGateway6 = config::parse_address("fe80::2").value();

class InterfaceWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs root";
    run("ip link add here address 02:00:00:00:00:99 type veth peer name there");
    run("ip link set here up && ip link set there up && ip addr add 10.9.9.1/24 dev here");
  }
  static void run(const char* command) { ASSERT_EQ(std::system(command), 0) << command; }
  static int here() { return static_cast<int>(if_nametoindex("here")); }
  // Within 5 s: what is given up is read again once a second.
  static bool soon(InterfaceWatch& watch, const std::function<bool(const Neighbours&)>& condition) {
    for (int i = 0; i < 500; ++i, usleep(10'000)) {
      watch.read();
      const Neighbours* known = watch.table() != nullptr ? watch.table()->neighbours(here()) : nullptr;
      if (condition(known != nullptr ? *known : Neighbours{})) return true;
    }
    return false;
  }
};

TEST_F(InterfaceWatchTest, HearsOfRoutesAndNeighbours) {
  run("ip route add default via 10.9.9.2 && ip neigh replace 10.9.9.2 dev here lladdr 02:00:00:00:00:01 nud stale");
  auto watch = InterfaceWatch::open(true);
  ASSERT_TRUE(watch) << watch.error();
  const auto mac_ends_with = [](const config::IpAddress& address, uint8_t last) {
    return [address, last](const Neighbours& known) {
      const auto at = known.macs.find(address);
      return at != known.macs.end() && at->second[5] == last;
    };
  };
  EXPECT_TRUE(soon(*watch, [](const Neighbours& known) {
    return known.gateways == std::set{kGateway} && known.on_link.contains(*config::parse_prefix("10.9.9.0/24"));
  }));
  EXPECT_TRUE(soon(*watch, mac_ends_with(kGateway, 1)));
  // A gateway that fails over, one of IPv6 under its link-local address, and a newcomer.
  run("ip neigh replace 10.9.9.2 dev here lladdr 02:00:00:00:00:02 nud stale");
  EXPECT_TRUE(soon(*watch, mac_ends_with(kGateway, 2)));
  run("ip -6 route add default via fe80::2 dev here && ip neigh replace fe80::2 dev here lladdr 02:00:00:00:00:03");
  EXPECT_TRUE(soon(*watch, mac_ends_with(kGateway6, 3)));
  EXPECT_TRUE(soon(*watch, [](const Neighbours& known) { return known.gateways.contains(kGateway6); }));
  run("ip neigh del fe80::2 dev here");
  EXPECT_TRUE(soon(*watch, [](const Neighbours& known) { return !known.macs.contains(kGateway6); }));
}

TEST_F(InterfaceWatchTest, AGatewayIsOneWhileARouteHasIt) {
  run("ip route add default via 10.9.9.2 && ip route add 10.20.0.0/16 via 10.9.9.2");
  run("ip route add 10.30.0.0/16 nexthop via 10.9.9.3 nexthop via 10.9.9.4");
  auto watch = InterfaceWatch::open(true);
  ASSERT_TRUE(watch) << watch.error();
  const auto are_gateways = [](size_t count) {
    return [count](const Neighbours& known) { return known.gateways.size() == count; };
  };
  EXPECT_TRUE(soon(*watch, are_gateways(3)));
  run("ip route del 10.30.0.0/16 && ip route del default");
  EXPECT_TRUE(soon(*watch, are_gateways(1)));
  run("ip route del 10.20.0.0/16");
  EXPECT_TRUE(soon(*watch, are_gateways(0)));
  run("ip route add default via 10.9.9.2");
  EXPECT_TRUE(soon(*watch, are_gateways(1)));
  run("ip link set here down");
  EXPECT_TRUE(soon(*watch, [](const Neighbours& known) { return known == Neighbours{}; })) << "untold by the kernel";
}

TEST_F(InterfaceWatchTest, HasTheKernelFindANeighbour) {
  run("ip netns add b3-there-$PPID && ip link set there netns b3-there-$PPID && ip -n b3-there-$PPID link set there up "
      "&& "
      "ip -n b3-there-$PPID addr add 10.9.9.2/24 dev there");
  auto watch = InterfaceWatch::open(true);
  ASSERT_TRUE(watch) << watch.error();
  EXPECT_TRUE(soon(*watch, [](const Neighbours& known) { return !known.on_link.empty(); }));
  call_neighbour(here(), kGateway);
  EXPECT_TRUE(soon(*watch, [](const Neighbours& known) { return known.macs.contains(kGateway); }));
  run("ip netns del b3-there-$PPID");
}

TEST_F(InterfaceWatchTest, AsksForNothingMoreWithoutNeed) {
  run("ip route add default via 10.9.9.2");
  auto watch = InterfaceWatch::open();
  ASSERT_TRUE(watch) << watch.error();
  for (int i = 0; i < 100 && watch->table() == nullptr; ++i, usleep(10'000)) watch->read();
  ASSERT_NE(watch->table(), nullptr);
  EXPECT_NE(watch->table()->find(here()), nullptr);
  EXPECT_EQ(watch->table()->neighbours(here()), nullptr);
}

}  // namespace
}  // namespace penstock::net
