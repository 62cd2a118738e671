// tests/control/neighbours/netlink_messages_test.cpp - messages as the kernel builds them, VLAN sub-interfaces above all.
#include "control/neighbours/netlink_messages.h"

#include <gtest/gtest.h>
#include <libmnl/libmnl.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <net/if.h>

#include "control/neighbours/next_hop_resolver.h"

namespace penstock::control {
namespace {

struct LinkCase {
  const char* description;
  int index;
  const char* name;
  unsigned flags;
  const char* kind;
  std::optional<uint16_t> vlan;
  uint16_t vlan_protocol;
  int parent;
  bool parent_elsewhere;
};

std::vector<char> link_message(const LinkCase& one) {
  std::vector<char> room(1024);
  nlmsghdr* header = mnl_nlmsg_put_header(room.data());
  header->nlmsg_type = RTM_NEWLINK;
  auto* body = static_cast<ifinfomsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ifinfomsg)));
  body->ifi_index = one.index;
  body->ifi_flags = one.flags;
  mnl_attr_put_strz(header, IFLA_IFNAME, one.name);
  mnl_attr_put_u32(header, IFLA_MTU, 1500);
  if (one.parent != 0) mnl_attr_put_u32(header, IFLA_LINK, static_cast<uint32_t>(one.parent));
  if (one.parent_elsewhere) mnl_attr_put_u32(header, IFLA_LINK_NETNSID, 0);
  nlattr* info = mnl_attr_nest_start(header, IFLA_LINKINFO);
  // The kernel writes the kind without a closing zero in some drivers: both must do.
  mnl_attr_put_str(header, IFLA_INFO_KIND, one.kind);
  if (one.vlan) {
    nlattr* data = mnl_attr_nest_start(header, IFLA_INFO_DATA);
    mnl_attr_put_u16(header, IFLA_VLAN_PROTOCOL, htons(one.vlan_protocol));
    mnl_attr_put_u16(header, IFLA_VLAN_ID, *one.vlan);
    mnl_attr_nest_end(header, data);
  }
  mnl_attr_nest_end(header, info);
  return room;
}

TEST(NetlinkMessages, AnExitIsAPortOrAVlanOfAPort) {
  const LinkCase links_of_host[] = {
      {"a port", 2, "corp", IFF_UP, "veth", {}, 0, 0, false},
      {"an 802.1Q sub-interface of a port", 3, "corp.100", IFF_UP, "vlan", 100, ETH_P_8021Q, 2, false},
      {"an 802.1ad sub-interface of a port", 4, "corp.s7", IFF_UP, "vlan", 7, ETH_P_8021AD, 2, false},
      {"a VLAN on a VLAN", 5, "corp.100.5", IFF_UP, "vlan", 5, ETH_P_8021Q, 3, false},
      {"a VLAN whose parent is in another namespace", 6, "far.9", IFF_UP, "vlan", 9, ETH_P_8021Q, 2, true},
      {"a macvlan of a port", 7, "mv", IFF_UP, "macvlan", {}, 0, 2, false},
      {"a VLAN of an interface that is no port", 8, "mgmt.1", IFF_UP, "vlan", 1, ETH_P_8021Q, 9, false},
      {"an interface that is no port", 9, "mgmt", IFF_UP, "veth", {}, 0, 0, false},
      {"a VLAN that is down", 10, "corp.200", 0, "vlan", 200, ETH_P_8021Q, 2, false},
  };
  struct Expected {
    int index;
    std::optional<uint16_t> vlan;  // empty: no exit
    const char* why;
  };
  const Expected expected[] = {
      {2, 0, ""},
      {3, 100, ""},
      {4, {}, "corp.s7 has 802.1ad tags; only 802.1Q can be sent"},
      {5, {}, "its route leaves by corp.100.5, which is not a port of the dataplane"},
      {6, {}, "its route leaves by far.9, which is not a port of the dataplane"},
      {7, {}, "its route leaves by mv, which is not a port of the dataplane"},
      {8, {}, "its route leaves by mgmt.1, which is not a port of the dataplane"},
      {9, {}, "its route leaves by mgmt, which is not a port of the dataplane"},
      {10, {}, "corp.200 is down"},
      {11, {}, "its route leaves by interface 11, which is gone"},
  };
  Links links;
  for (const LinkCase& one : links_of_host) {
    SCOPED_TRACE(one.description);
    const auto message = link_message(one);
    const auto link = read_link(reinterpret_cast<const nlmsghdr*>(message.data()));
    ASSERT_TRUE(link);
    EXPECT_EQ(link->name, one.name);
    EXPECT_EQ(link->vlan, one.vlan);
    links[link->index] = *link;
  }
  for (const Expected& one : expected) {
    SCOPED_TRACE(one.index);
    std::string why;
    const auto exit = find_exit(links, {{0, ""}, {4, "corp"}}, one.index, why);
    ASSERT_EQ(exit.has_value(), one.vlan.has_value());
    EXPECT_EQ(why, one.why);
    if (!exit) continue;
    EXPECT_EQ(exit->port, 4);
    EXPECT_EQ(exit->vlan, *one.vlan);
  }
}

TEST(NetlinkMessages, MessagesThatAreCutShortGiveNothingWrong) {
  const auto whole = link_message({"", 3, "corp.100", IFF_UP, "vlan", 100, ETH_P_8021Q, 2, false});
  const uint32_t size = reinterpret_cast<const nlmsghdr*>(whole.data())->nlmsg_len;
  for (uint32_t cut = sizeof(nlmsghdr); cut < size; ++cut) {
    // A copy of just that size: a sanitizer sees a read behind it.
    std::vector<char> part(whole.begin(), whole.begin() + cut);
    auto* header = reinterpret_cast<nlmsghdr*>(part.data());
    header->nlmsg_len = cut;
    const auto link = read_link(header);
    EXPECT_EQ(link.has_value(), cut >= sizeof(nlmsghdr) + sizeof(ifinfomsg));
    if (link && link->vlan) {
      EXPECT_EQ(*link->vlan, 100);
    }
    header->nlmsg_type = RTM_NEWNEIGH;
    read_neighbour(header);
    header->nlmsg_type = RTM_NEWROUTE;
    read_route(header);
  }
}

TEST(NetlinkMessages, ANeighbourOfAnotherAddressFamilyIsNone) {
  std::vector<char> room(256);
  nlmsghdr* header = mnl_nlmsg_put_header(room.data());
  header->nlmsg_type = RTM_NEWNEIGH;
  static_cast<ndmsg*>(mnl_nlmsg_put_extra_header(header, sizeof(ndmsg)))->ndm_family = AF_BRIDGE;
  EXPECT_FALSE(read_neighbour(header));
}

}  // namespace
}  // namespace penstock::control
