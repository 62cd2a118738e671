// tests/dataplane/housekeeping/host_follower_test.cpp - who we are after what the kernel said of its interfaces: messages in, addresses and MACs out.
#include "dataplane/housekeeping/host_follower.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <vector>

namespace penstock {
namespace {

using Mac = std::array<uint8_t, 6>;
using std::chrono::seconds;

constexpr int kCorp = 3;
constexpr Mac kOwn{2, 0, 0, 0, 0, 1};
constexpr Mac kOther{2, 0, 0, 0, 0, 2};
constexpr Mac kVrrp{0, 0, 0x5e, 0, 1, 7};

class Message {
 public:
  const nlmsghdr* header() const { return header_; }

 protected:
  template <typename Body>
  Body& begin(uint16_t type) {
    header_ = mnl_nlmsg_put_header(buffer_.data());
    header_->nlmsg_type = type;
    return *static_cast<Body*>(mnl_nlmsg_put_extra_header(header_, sizeof(Body)));
  }
  alignas(nlmsghdr) std::array<char, 512> buffer_{};
  nlmsghdr* header_ = nullptr;
};

struct Link : Message {
  Link(int index, Mac mac, bool up = true, const char* kind = nullptr, int below = 0, int vlan = 0,
       bool below_is_elsewhere = false, uint16_t type = RTM_NEWLINK) {
    auto& body = begin<ifinfomsg>(type);
    body.ifi_index = index;
    if (up) body.ifi_flags = IFF_UP;
    mnl_attr_put(header_, IFLA_ADDRESS, mac.size(), mac.data());
    if (below != 0) mnl_attr_put_u32(header_, IFLA_LINK, static_cast<uint32_t>(below));
    if (below_is_elsewhere) mnl_attr_put_u32(header_, IFLA_LINK_NETNSID, 0);
    if (kind == nullptr) return;
    nlattr* info = mnl_attr_nest_start(header_, IFLA_LINKINFO);
    mnl_attr_put_strz(header_, IFLA_INFO_KIND, kind);
    nlattr* data = mnl_attr_nest_start(header_, IFLA_INFO_DATA);
    if (vlan != 0) mnl_attr_put_u16(header_, IFLA_VLAN_ID, static_cast<uint16_t>(vlan));
    mnl_attr_nest_end(header_, data);
    mnl_attr_nest_end(header_, info);
  }
};

struct Address : Message {
  Address(int index, const char* text, uint16_t type = RTM_NEWADDR, uint32_t flags = 0) {
    const auto address = config::parse_address(text).value();
    auto& body = begin<ifaddrmsg>(type);
    body.ifa_index = static_cast<uint32_t>(index);
    body.ifa_prefixlen = address.is_v4() ? 24 : 64;
    const size_t size = address.is_v4() ? 4 : 16;
    mnl_attr_put(header_, address.is_v4() ? IFA_LOCAL : IFA_ADDRESS, size, address.bytes.data());
    mnl_attr_put_u32(header_, IFA_FLAGS, flags);
  }
};

struct Neighbour : Message {
  Neighbour(int index, const char* text, Mac mac, uint16_t state = NUD_REACHABLE) {
    const auto address = config::parse_address(text).value();
    auto& body = begin<ndmsg>(RTM_NEWNEIGH);
    body.ndm_family = address.is_v4() ? AF_INET : AF_INET6;
    body.ndm_ifindex = index;
    body.ndm_state = state;
    mnl_attr_put(header_, NDA_DST, address.is_v4() ? 4 : 16, address.bytes.data());
    mnl_attr_put(header_, NDA_LLADDR, mac.size(), mac.data());
  }
};

struct Route : Message {
  explicit Route(int index, const char* gateway, const char* network = nullptr, uint8_t type = RTN_UNICAST) {
    auto& body = begin<rtmsg>(RTM_NEWROUTE);
    body.rtm_type = type;
    const auto prefix = config::parse_prefix(network != nullptr ? network : "0.0.0.0/0").value();
    body.rtm_family = prefix.address.is_v4() ? AF_INET : AF_INET6;
    body.rtm_dst_len = prefix.length;
    if (prefix.length != 0) put(RTA_DST, prefix.address);
    if (gateway != nullptr) put(RTA_GATEWAY, config::parse_address(gateway).value());
    mnl_attr_put_u32(header_, RTA_OIF, static_cast<uint32_t>(index));
  }
  void put(uint16_t kind, const config::IpAddress& address) {
    mnl_attr_put(header_, kind, address.is_v4() ? 4 : 16, address.bytes.data());
  }
};

// A route over two gateways at once.
struct TwoWays : Message {
  TwoWays(int index, const char* first, const char* second) {
    auto& body = begin<rtmsg>(RTM_NEWROUTE);
    body.rtm_type = RTN_UNICAST;
    body.rtm_family = AF_INET;
    std::vector<uint8_t> hops;
    for (const char* gateway : {first, second}) {
      std::array<uint8_t, sizeof(rtnexthop) + 8> hop{};
      auto* head = reinterpret_cast<rtnexthop*>(hop.data());
      head->rtnh_len = hop.size();
      head->rtnh_ifindex = index;
      auto* attribute = reinterpret_cast<nlattr*>(hop.data() + sizeof *head);
      *attribute = {.nla_len = 8, .nla_type = RTA_GATEWAY};
      std::memcpy(attribute + 1, config::parse_address(gateway).value().bytes.data(), 4);
      hops.insert(hops.end(), hop.begin(), hop.end());
    }
    mnl_attr_put(header_, RTA_MULTIPATH, hops.size(), hops.data());
  }
};

class HostFollowerTest : public testing::Test {
 protected:
  HostFollowerTest() {
    host.port_count = 1;
    host.ports[0].mac = kOwn;
    say(Link(kCorp, kOwn));
  }
  void say(const Message& message) { kernel.update(message.header()); }
  // "+ADDRESS -ADDRESS macs": what the follower made of it.
  std::string follow() {
    const auto change = follower.follow(kernel, host, now);
    std::ostringstream text;
    for (const auto& address : change.added) text << "+" << config::to_string(address) << " ";
    for (const auto& address : change.removed) text << "-" << config::to_string(address) << " ";
    if (change.macs) text << "macs ";
    return text.str();
  }
  int index_of(const char* text) const {
    const auto address = config::parse_address(text).value();
    return host.listen_index(address.family, address.bytes);
  }
  bool is_ours(const Mac& mac) const { return host.ports[0].has_mac(mac.data()); }

  net::InterfaceTable kernel;
  tables::LocalHost host;
  HostFollower follower{{{.interface = kCorp, .is_kernels = true}}, true};
  HostFollower::Time now{};
};

TEST_F(HostFollowerTest, AddressesComeAndGo) {
  EXPECT_EQ(follow(), "");
  say(Address(kCorp, "192.168.10.86"));
  say(Address(kCorp, "fe80::1"));  // says nothing without an interface
  say(Address(kCorp, "fd00::86", RTM_NEWADDR, IFA_F_TENTATIVE));
  say(Address(9, "10.0.0.1"));  // of an interface that nobody has heard of
  EXPECT_EQ(follow(), "+192.168.10.86 +fd00::86 ");
  EXPECT_EQ(follow(), "");
  // Replaced, as by a new DHCP lease.
  say(Address(kCorp, "192.168.10.86", RTM_DELADDR));
  say(Address(kCorp, "192.168.10.99"));
  const int before = index_of("192.168.10.86");
  EXPECT_EQ(follow(), "+192.168.10.99 -192.168.10.86 ");
  EXPECT_EQ(index_of("192.168.10.86"), tables::LocalHost::kNotListening);
  EXPECT_NE(index_of("192.168.10.99"), before) << "answers under way leave from the old address";
  // Another host has it.
  say(Address(kCorp, "fd00::86", RTM_NEWADDR, IFA_F_DADFAILED));
  EXPECT_EQ(follow(), "-fd00::86 ");
  // Back at once: in its old place.
  say(Address(kCorp, "192.168.10.86"));
  EXPECT_EQ(follow(), "+192.168.10.86 ");
  EXPECT_EQ(index_of("192.168.10.86"), before);
}

TEST_F(HostFollowerTest, PlacesAreGivenAwayWhenNobodyIsAnsweredFromThemAnyMore) {
  for (unsigned i = 0; i < tables::LocalHost::kMaxListen; ++i)
    say(Address(kCorp, ("10.0.0." + std::to_string(i)).c_str()));
  follow();
  EXPECT_EQ(follower.without_place(), 0U);
  say(Address(kCorp, "10.0.0.5", RTM_DELADDR));
  say(Address(kCorp, "10.0.1.1"));
  EXPECT_EQ(follow(), "-10.0.0.5 ");
  EXPECT_EQ(follower.without_place(), 1U);
  now += HostFollower::kAnswersFor - seconds(1);
  EXPECT_EQ(follow(), "");
  now += seconds(1);
  EXPECT_EQ(follow(), "+10.0.1.1 ");
  EXPECT_EQ(index_of("10.0.1.1"), 5);
  EXPECT_EQ(follower.without_place(), 0U);
}

TEST_F(HostFollowerTest, WrittenAddressesStay) {
  follower = HostFollower({{.interface = kCorp, .is_kernels = true}}, false);
  host.add_listen(config::parse_address("192.168.10.86").value());
  say(Address(kCorp, "192.168.10.99"));
  EXPECT_EQ(follow(), "");
  EXPECT_EQ(index_of("192.168.10.86"), 0);
}

TEST_F(HostFollowerTest, TheMacIsTheInterfacesNow) {
  say(Link(kCorp, kOther));
  EXPECT_EQ(follow(), "macs ");
  EXPECT_EQ(host.ports[0].mac, kOther);
  EXPECT_FALSE(is_ours(kOwn));
  // A card that DPDK owns keeps its own; what the door's neighbours were told is for us as well.
  follower = HostFollower({{.interface = kCorp, .is_kernels = false}}, true);
  say(Link(kCorp, kOwn));
  EXPECT_EQ(follow(), "macs ");
  EXPECT_EQ(host.ports[0].mac, kOther);
  EXPECT_TRUE(is_ours(kOwn));
}

// keepalived with use_vmac: the address is on the macvlan while this router is the master.
TEST_F(HostFollowerTest, TheMacOfAVrrpRouterIsOursWhileItsAddressIs) {
  follower = HostFollower({{.interface = kCorp, .is_kernels = true}}, false);
  host.add_listen(config::parse_address("192.168.10.53").value());
  say(Link(7, kVrrp, true, "macvlan", kCorp));
  EXPECT_EQ(follow(), "") << "a backup";
  say(Address(7, "192.168.10.53"));
  EXPECT_EQ(follow(), "macs ");
  EXPECT_TRUE(is_ours(kVrrp));
  EXPECT_TRUE(is_ours(kOwn));
  say(Address(7, "192.168.10.53", RTM_DELADDR));
  EXPECT_EQ(follow(), "macs ");
  EXPECT_FALSE(is_ours(kVrrp));
}

TEST_F(HostFollowerTest, WhoseMacIsNotOurs) {
  follower = HostFollower({{.interface = kCorp, .is_kernels = true}}, false);
  host.add_listen(config::parse_address("192.168.10.53").value());
  const struct {
    const char* description;
    Link link;
    bool ours;
  } cases[] = {
      {.description = "a macvlan", .link = {7, kVrrp, true, "macvlan", kCorp}, .ours = true},
      {.description = "a VLAN with a MAC of its own", .link = {7, kVrrp, true, "vlan", kCorp, 42}, .ours = true},
      {.description = "a macvlan that is down", .link = {7, kVrrp, false, "macvlan", kCorp}, .ours = false},
      {.description = "a macvlan on another interface", .link = {7, kVrrp, true, "macvlan", 4}, .ours = false},
      {.description = "a macvlan that came from another network namespace",
       .link = {7, kVrrp, true, "macvlan", kCorp, 0, true},
       .ours = false},
      {.description = "the other end of a veth", .link = {7, kVrrp, true, "veth", kCorp}, .ours = false},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    say(Link(7, kVrrp, true, nullptr, 0, 0, false, RTM_DELLINK));
    follow();
    say(one.link);
    say(Address(7, "192.168.10.53"));
    follow();
    EXPECT_EQ(is_ours(kVrrp), one.ours);
  }
  // On a VLAN of the port.
  say(Link(7, kVrrp, true, nullptr, 0, 0, false, RTM_DELLINK));
  say(Link(6, kOwn, true, "vlan", kCorp, 42));
  say(Link(7, kVrrp, true, "macvlan", 6));
  say(Address(7, "192.168.10.53"));
  EXPECT_EQ(follow(), "macs ");
  EXPECT_TRUE(is_ours(kVrrp));
}

TEST_F(HostFollowerTest, TagsOfTheKernelsInterfacesAreServed) {
  const auto serves = [&](uint16_t tag) { return host.ports[0].serves_vlan(tag); };
  HostFollower::start({.interface = kCorp, .is_kernels = true}, host.ports[0]);
  EXPECT_TRUE(serves(0));
  EXPECT_FALSE(serves(42));
  follow();
  EXPECT_TRUE(serves(0));
  EXPECT_FALSE(serves(42));
  say(Link(6, kOwn, true, "vlan", kCorp, 42));
  say(Link(8, kOwn, true, "vlan", 4, 43));  // of another port
  follow();
  EXPECT_TRUE(serves(42));
  EXPECT_FALSE(serves(43));
  // Two tags in a frame are the kernel's; what a macvlan has comes under the tag of what it stands on.
  say(Link(10, kOwn, true, "vlan", 6, 5));
  say(Link(11, kVrrp, true, "macvlan", 6));
  follow();
  EXPECT_FALSE(serves(5));
  EXPECT_TRUE(serves(42));
  EXPECT_TRUE(follower.kept_out().empty());
  // What is written counts alone, for what the kernel takes as well.
  follower = HostFollower({{.interface = kCorp, .is_kernels = true, .vlans = {7, 42}}}, true);
  follow();
  EXPECT_TRUE(serves(7));
  EXPECT_TRUE(serves(42));
  EXPECT_FALSE(serves(0));
  EXPECT_EQ(follower.kept_out(), (std::vector<int>{kCorp, 10}));
  follower = HostFollower({{.interface = kCorp, .is_kernels = true}}, true);
  say(Link(6, kOwn, true, nullptr, 0, 0, false, RTM_DELLINK));
  follow();
  EXPECT_FALSE(serves(42));
  EXPECT_TRUE(serves(0));
  EXPECT_TRUE(follower.kept_out().empty());
}

TEST_F(HostFollowerTest, TheReversePathIsWhatTheKernelKnows) {
  constexpr Mac kDesk{2, 0, 0, 0, 0, 0x20};
  constexpr Mac kStandby{2, 0, 0, 0, 0, 0x99};
  follower = HostFollower(
      {{.interface = kCorp, .is_kernels = true, .vlans = {}, .is_strict = true, .gateways = {kStandby}}}, true);
  const auto admits = [&](const char* source, Mac from, uint16_t vlan = 0) {
    return host.ports[0].reverse_path->admits(config::parse_address(source).value(), vlan, from);
  };
  say(Address(kCorp, "192.168.10.86"));
  say(Link(6, kOwn, true, "vlan", kCorp, 42));
  say(Address(6, "10.42.0.86"));
  say(Neighbour(kCorp, "192.168.10.1", kOther));
  say(Neighbour(kCorp, "192.168.10.20", kDesk));
  say(Neighbour(6, "10.42.0.20", kDesk));
  say(Route(kCorp, nullptr, "192.168.10.0/24"));
  say(Route(kCorp, nullptr, "fd00:10::/64"));
  say(Route(kCorp, nullptr, "192.168.99.0/24", RTN_BLACKHOLE));
  say(Route(6, nullptr, "10.42.0.0/24"));
  follow();
  EXPECT_TRUE(admits("192.168.10.20", kDesk));
  EXPECT_FALSE(admits("192.168.10.20", kVrrp));
  EXPECT_TRUE(admits("10.42.0.20", kDesk, 42));
  EXPECT_FALSE(admits("10.42.0.20", kVrrp, 42));
  EXPECT_TRUE(admits("192.168.10.21", kVrrp)) << "a newcomer";
  EXPECT_TRUE(admits("fd00:10::21", kVrrp));
  EXPECT_TRUE(admits("fe80::21", kVrrp));
  EXPECT_FALSE(admits("192.168.99.1", kVrrp)) << "no route leads there";
  EXPECT_FALSE(admits("192.168.10.86", kVrrp)) << "our own address";
  EXPECT_FALSE(admits("10.20.0.5", kOther)) << "no route has it as its gateway yet";
  EXPECT_TRUE(admits("10.20.0.5", kStandby)) << "written";
  say(Route(kCorp, "192.168.10.1"));
  say(Route(kCorp, "fe80::1", "::/0"));
  say(Neighbour(kCorp, "fe80::1", Mac{2, 0, 0, 0, 0, 0x61}));
  say(TwoWays(kCorp, "192.168.10.1", "192.168.10.3"));
  follow();
  EXPECT_TRUE(admits("10.20.0.5", kOther));
  EXPECT_FALSE(admits("10.20.0.5", kDesk));
  EXPECT_FALSE(admits("10.20.0.5", kOther, 42)) << "its gateway is not in the VLAN";
  EXPECT_TRUE(admits("fd20::5", Mac{2, 0, 0, 0, 0, 0x61}));
  ASSERT_EQ(follower.gateways().size(), 3U);
  EXPECT_EQ(std::count_if(follower.gateways().begin(), follower.gateways().end(),
                          [](const auto& gateway) { return !gateway.is_known; }),
            1)
      << "192.168.10.3";
  // The gateway has failed over, the desk has another card, and then nobody knows of it.
  say(Neighbour(kCorp, "192.168.10.1", kVrrp));
  say(Neighbour(kCorp, "192.168.10.20", kOther, NUD_STALE));
  follow();
  EXPECT_TRUE(admits("10.20.0.5", kVrrp));
  EXPECT_FALSE(admits("10.20.0.5", kOther));
  EXPECT_TRUE(admits("192.168.10.20", kOther));
  say(Neighbour(kCorp, "192.168.10.20", kOther, NUD_FAILED));
  follow();
  EXPECT_TRUE(admits("192.168.10.20", kDesk));
}

TEST_F(HostFollowerTest, AnInterfaceThatIsGoneIsCountedAndItsAddressesGo) {
  say(Address(kCorp, "192.168.10.86"));
  follow();
  say(Link(kCorp, kOwn, true, nullptr, 0, 0, false, RTM_DELLINK));
  EXPECT_EQ(follow(), "-192.168.10.86 ");
  EXPECT_EQ(follower.ports_gone(), 1U);
}

}  // namespace
}  // namespace penstock
