// tests/control/neighbours/next_hop_mirror_test.cpp - the mirror against the kernel's real routes and neighbours, in namespaces.
#include "control/neighbours/next_hop_mirror.h"

#include <gtest/gtest.h>

#include <chrono>
#include <map>

#include "tests/control/neighbours/test_networks.h"

namespace penstock::control {
namespace {

using namespace std::chrono_literals;
using config::parse_address;

constexpr std::array<uint8_t, 6> kFirstMac{2, 0, 0, 0, 0, 1};
constexpr std::array<uint8_t, 6> kSecondMac{2, 0, 0, 0, 0, 2};

// We are 10.9.0.2 and fd09::2 on `corp`; the office router is 10.9.0.1 and fd09::1 behind it.
class NextHopMirrorTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
    ours_ = std::make_unique<test::Network>();
    router_ = std::make_unique<test::Network>();
    ours_->run("ip link add corp type veth peer name lan netns " + router_->path() +
               "; sysctl -qw net.ipv6.conf.corp.accept_dad=0"
               "; ip link set corp up; ip addr add 10.9.0.2/24 dev corp; ip addr add 10.9.0.3/24 dev corp"
               "; ip addr add fd09::2/64 dev corp nodad");
    router_->run(
        "ip link set lan address 02:00:00:00:00:01; ip link set lan up; sysctl -qw net.ipv6.conf.lan.accept_dad=0"
        "; ip addr add 10.9.0.1/24 dev lan; ip addr add fd09::1/64 dev lan nodad");
  }

  NextHopTarget target(const std::string& address, std::optional<std::string> source = {}) {
    NextHopTarget made{{"vpc", *parse_address(address)}, {}};
    if (source) made.source = parse_address(*source);
    return made;
  }

  void start(std::vector<NextHopTarget> targets, NextHopOptions options = {}, const std::string& interface = "corp") {
    const auto inside = ours_->enter();
    mirror_ = std::make_unique<NextHopMirror>(
        io_,
        [this](const EndpointId& id, const std::optional<NextHop>& hop) {
          ++calls_;
          hops_[config::to_string(id.address)] = hop;
        },
        options);
    mirror_->configure(std::move(targets), {{3, interface}});
  }

  // Runs until the condition holds; false after ten seconds.
  template <typename Condition>
  bool becomes(Condition condition, std::chrono::seconds limit = 10s) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.run_for(10ms);
    }
    return true;
  }
  bool told(const std::string& address) { return hops_.contains(address); }
  bool reached(const std::string& address) { return told(address) && hops_[address].has_value(); }
  bool lost(const std::string& address) { return told(address) && !hops_[address].has_value(); }

  asio::io_context io_;
  std::unique_ptr<test::Network> ours_;
  std::unique_ptr<test::Network> router_;
  std::unique_ptr<NextHopMirror> mirror_;
  std::map<std::string, std::optional<NextHop>> hops_;
  int calls_ = 0;
};

TEST_F(NextHopMirrorTest, FindsGatewaysAndOnLinkEndpointsOfBothFamilies) {
  ours_->run(
      "ip route add 10.16.0.0/16 via 10.9.0.1; ip -6 route add fd16::/16 via fd09::1"
      "; ip route add 10.17.0.0/16 via inet6 fd09::1");
  const struct {
    const char* description;
    const char* address;
    std::optional<std::string> source;
    const char* expected_source;
  } cases[] = {
      {.description = "IPv4 behind a gateway", .address = "10.16.1.10", .source = {}, .expected_source = "10.9.0.2"},
      {.description = "IPv4 behind a gateway, from a given source",
       .address = "10.16.1.11",
       .source = "10.9.0.3",
       .expected_source = "10.9.0.3"},
      {.description = "IPv4 on-link", .address = "10.9.0.1", .source = {}, .expected_source = "10.9.0.2"},
      {.description = "IPv4 behind an IPv6 gateway",
       .address = "10.17.1.10",
       .source = {},
       .expected_source = "10.9.0.2"},
      {.description = "IPv6 behind a gateway", .address = "fd16::10", .source = {}, .expected_source = "fd09::2"},
      {.description = "IPv6 behind a gateway, from a given source",
       .address = "fd16::11",
       .source = "fd09::2",
       .expected_source = "fd09::2"},
      {.description = "IPv6 on-link", .address = "fd09::1", .source = {}, .expected_source = "fd09::2"},
  };
  std::vector<NextHopTarget> targets;
  for (const auto& one : cases) targets.push_back(target(one.address, one.source));
  start(targets);
  EXPECT_TRUE(becomes([&] { return hops_.size() == std::size(cases); }));
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    ASSERT_TRUE(reached(one.address));
    const NextHop expected{kFirstMac, 0, 3, *parse_address(one.expected_source)};
    EXPECT_EQ(hops_[one.address], expected);
  }
  // A new target hears of its next hop once; the time until its neighbour answered was not "unreachable".
  EXPECT_EQ(calls_, static_cast<int>(std::size(cases)));
}

TEST_F(NextHopMirrorTest, SaysWhatCannotBeReached) {
  ours_->run(
      "ip link add other type veth peer name other-peer; ip addr add 10.8.0.1/24 dev other; ip link set other up; ip "
      "link set other-peer up"
      "; ip route add 10.16.0.0/16 via 10.9.0.77; ip route add blackhole 10.18.0.0/16");
  const char* addresses[] = {"10.99.0.1", "10.8.0.9", "10.16.1.10", "10.18.0.1",
                             "127.0.0.1", "10.9.0.2", "fd99::1",    "::1"};
  std::vector<NextHopTarget> targets;
  for (const char* address : addresses) targets.push_back(target(address));
  targets.push_back(target("10.9.0.1", "192.0.2.1"));
  targets.push_back(target("fd09::1", "2001:db8::1"));
  start(targets);
  EXPECT_TRUE(becomes([&] { return hops_.size() == targets.size(); }));
  for (const auto& one : targets) {
    const std::string address = config::to_string(one.id.address);
    EXPECT_TRUE(lost(address)) << address;
  }
}

TEST_F(NextHopMirrorTest, AnInterfaceThatIsNoPortCarriesNothing) {
  start({target("10.9.0.1")}, {}, "elsewhere");
  EXPECT_TRUE(becomes([&] { return lost("10.9.0.1"); }));
}

TEST_F(NextHopMirrorTest, FollowsAGatewayThatAnnouncesItsNewMac) {
  ours_->run("ip route add 10.16.0.0/16 via 10.9.0.1");
  // Neither a look without a reason nor a probe would find it.
  NextHopOptions options;
  options.refresh = 1h;
  options.verify = 1h;
  start({target("10.16.1.10")}, options);
  ASSERT_TRUE(becomes([&] { return reached("10.16.1.10"); }));
  router_->run("sysctl -qw net.ipv4.conf.lan.arp_notify=1; ip link set lan address 02:00:00:00:00:02");
  EXPECT_TRUE(becomes([&] { return reached("10.16.1.10") && hops_["10.16.1.10"]->mac == kSecondMac; }));
}

TEST_F(NextHopMirrorTest, NoticesALostCarrier) {
  start({target("10.9.0.1")});
  ASSERT_TRUE(becomes([&] { return reached("10.9.0.1"); }));
  router_->run("ip link set lan down");
  EXPECT_TRUE(becomes([&] { return lost("10.9.0.1"); }));
  router_->run("ip link set lan up");
  EXPECT_TRUE(becomes([&] { return reached("10.9.0.1"); }));
}

TEST_F(NextHopMirrorTest, FollowsASilentFailoverOfTheGateway) {
  ours_->run("ip route add 10.16.0.0/16 via 10.9.0.1");
  NextHopOptions options;
  options.refresh = 1s;
  options.verify = 1s;
  start({target("10.16.1.10")}, options);
  ASSERT_TRUE(becomes([&] { return reached("10.16.1.10"); }));
  // The address changes under a link that stays up: no gratuitous ARP, as the entry in the kernel shows.
  router_->run("sysctl -qw net.ipv4.conf.lan.arp_notify=0; ip link set lan address 02:00:00:00:00:02");
  EXPECT_NE(ours_->output("ip neigh show 10.9.0.1").find("02:00:00:00:00:01"), std::string::npos);
  EXPECT_TRUE(becomes([&] { return reached("10.16.1.10") && hops_["10.16.1.10"]->mac == kSecondMac; }, 20s));
}

TEST_F(NextHopMirrorTest, NoticesANeighbourThatGoesAndComesBack) {
  NextHopOptions options;
  options.refresh = 1s;
  options.verify = 1s;
  start({target("10.9.0.1"), target("fd09::1")}, options);
  ASSERT_TRUE(becomes([&] { return reached("10.9.0.1") && reached("fd09::1"); }));
  // Carrier stays, nobody answers: the router's addresses are gone.
  router_->run("ip addr flush dev lan");
  EXPECT_TRUE(becomes([&] { return lost("10.9.0.1") && lost("fd09::1"); }, 20s));
  router_->run("ip addr add 10.9.0.1/24 dev lan; ip addr add fd09::1/64 dev lan nodad");
  EXPECT_TRUE(becomes([&] { return reached("10.9.0.1") && reached("fd09::1"); }, 20s));
}

TEST_F(NextHopMirrorTest, FollowsRoutesAndLinks) {
  router_->run("ip addr add 10.9.0.9/24 dev lan");
  ours_->run("ip route add 10.16.0.0/16 via 10.9.0.1");
  start({target("10.16.1.10", "10.9.0.3")});
  ASSERT_TRUE(becomes([&] { return reached("10.16.1.10"); }));
  ours_->run("ip route del 10.16.0.0/16");
  EXPECT_TRUE(becomes([&] { return lost("10.16.1.10"); }));
  ours_->run("ip route add 10.16.0.0/16 via 10.9.0.9");
  EXPECT_TRUE(becomes([&] { return reached("10.16.1.10"); }));
  ours_->run("ip addr del 10.9.0.3/24 dev corp");
  EXPECT_TRUE(becomes([&] { return lost("10.16.1.10"); }));
  ours_->run("ip addr add 10.9.0.3/24 dev corp");
  EXPECT_TRUE(becomes([&] { return reached("10.16.1.10"); }));
  ours_->run("ip link set corp down");
  EXPECT_TRUE(becomes([&] { return lost("10.16.1.10"); }));
}

TEST_F(NextHopMirrorTest, HasTheKernelManageItsEntriesAndGivesThemUp) {
  router_->run("ip addr add 10.9.0.9/24 dev lan");
  // One that an operator manages is not ours to give up.
  ours_->run("ip neigh replace 10.9.0.9 dev corp managed");
  start({target("10.9.0.1"), target("10.9.0.9")});
  ASSERT_TRUE(becomes([&] { return reached("10.9.0.1") && reached("10.9.0.9"); }));
  const auto managed = [&](const char* address) {
    return ours_->output(std::string("ip neigh show ") + address).find("managed") != std::string::npos;
  };
  EXPECT_TRUE(managed("10.9.0.1"));
  mirror_->configure({}, {{3, "corp"}});
  EXPECT_TRUE(becomes([&] { return !managed("10.9.0.1"); }));
  EXPECT_TRUE(managed("10.9.0.9"));
  mirror_->configure({target("10.9.0.1")}, {{3, "corp"}});
  EXPECT_TRUE(becomes([&] { return managed("10.9.0.1"); }));
  // A process that was killed leaves its entries to the next one.
  mirror_->stop();
  EXPECT_FALSE(managed("10.9.0.1"));
  ours_->run("ip neigh replace 10.9.0.1 dev corp managed protocol 53");
  start({target("10.9.0.9")});
  EXPECT_TRUE(becomes([&] { return !managed("10.9.0.1"); }));
}

TEST_F(NextHopMirrorTest, KeepsAPermanentEntryAsItIs) {
  ours_->run("ip neigh replace 10.9.0.1 dev corp lladdr 02:00:00:00:00:02 nud permanent");
  start({target("10.9.0.1")});
  ASSERT_TRUE(becomes([&] { return reached("10.9.0.1"); }));
  EXPECT_EQ(hops_["10.9.0.1"]->mac, kSecondMac);
  EXPECT_NE(ours_->output("ip neigh show 10.9.0.1").find("PERMANENT"), std::string::npos);
}

// A STALE entry has an old MAC that nothing refreshes: the trap A8 of the research.
TEST_F(NextHopMirrorTest, AStaleEntryIsConfirmedOrCorrected) {
  for (const bool managed : {true, false}) {
    SCOPED_TRACE(managed ? "managed" : "as on kernels before 5.16");
    ours_->run(
        "ip neigh replace 10.9.0.1 dev corp lladdr 02:00:00:00:00:01 nud stale; sysctl -qw "
        "net.ipv4.neigh.corp.delay_first_probe_time=1");
    NextHopOptions options;
    options.managed = managed;
    options.refresh = 1s;
    start({target("10.9.0.1")}, options);
    const auto state = [&] { return ours_->output("ip neigh show 10.9.0.1"); };
    EXPECT_TRUE(becomes([&] { return state().find("REACHABLE") != std::string::npos; })) << state();
    EXPECT_EQ(state().find("managed") != std::string::npos, managed) << state();
    mirror_->stop();
    ours_->run("ip neigh del 10.9.0.1 dev corp");
  }
}

TEST_F(NextHopMirrorTest, NothingIsToldAfterStop) {
  start({target("10.9.0.1")});
  mirror_->stop();
  io_.run_for(200ms);
  EXPECT_EQ(calls_, 0);
}

}  // namespace
}  // namespace penstock::control
