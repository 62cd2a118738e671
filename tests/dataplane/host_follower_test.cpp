// tests/dataplane/host_follower_test.cpp - who we are after what the kernel said of its interfaces: messages in, addresses and MACs out.
#include "dataplane/host_follower.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <sstream>

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
      {"a macvlan", {7, kVrrp, true, "macvlan", kCorp}, true},
      {"a VLAN with a MAC of its own", {7, kVrrp, true, "vlan", kCorp, 42}, true},
      {"a macvlan that is down", {7, kVrrp, false, "macvlan", kCorp}, false},
      {"a macvlan on another interface", {7, kVrrp, true, "macvlan", 4}, false},
      {"a macvlan that came from another network namespace", {7, kVrrp, true, "macvlan", kCorp, 0, true}, false},
      {"the other end of a veth", {7, kVrrp, true, "veth", kCorp}, false},
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

TEST_F(HostFollowerTest, AnInterfaceThatIsGoneIsCountedAndItsAddressesGo) {
  say(Address(kCorp, "192.168.10.86"));
  follow();
  say(Link(kCorp, kOwn, true, nullptr, 0, 0, false, RTM_DELLINK));
  EXPECT_EQ(follow(), "-192.168.10.86 ");
  EXPECT_EQ(follower.ports_gone(), 1U);
}

}  // namespace
}  // namespace penstock
