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

const LinkCase kLinksOfHost[] = {
    {.description = "a port",
     .index = 2,
     .name = "corp",
     .flags = IFF_UP,
     .kind = "veth",
     .vlan = {},
     .vlan_protocol = 0,
     .parent = 0,
     .parent_elsewhere = false},
    {.description = "an 802.1Q sub-interface of a port",
     .index = 3,
     .name = "corp.100",
     .flags = IFF_UP,
     .kind = "vlan",
     .vlan = 100,
     .vlan_protocol = ETH_P_8021Q,
     .parent = 2,
     .parent_elsewhere = false},
    {.description = "an 802.1ad sub-interface of a port",
     .index = 4,
     .name = "corp.s7",
     .flags = IFF_UP,
     .kind = "vlan",
     .vlan = 7,
     .vlan_protocol = ETH_P_8021AD,
     .parent = 2,
     .parent_elsewhere = false},
    {.description = "a VLAN on a VLAN",
     .index = 5,
     .name = "corp.100.5",
     .flags = IFF_UP,
     .kind = "vlan",
     .vlan = 5,
     .vlan_protocol = ETH_P_8021Q,
     .parent = 3,
     .parent_elsewhere = false},
    {.description = "a VLAN whose parent is in another namespace",
     .index = 6,
     .name = "far.9",
     .flags = IFF_UP,
     .kind = "vlan",
     .vlan = 9,
     .vlan_protocol = ETH_P_8021Q,
     .parent = 2,
     .parent_elsewhere = true},
    {.description = "a macvlan of a port",
     .index = 7,
     .name = "mv",
     .flags = IFF_UP,
     .kind = "macvlan",
     .vlan = {},
     .vlan_protocol = 0,
     .parent = 2,
     .parent_elsewhere = false},
    {.description = "a VLAN of an interface that is no port",
     .index = 8,
     .name = "mgmt.1",
     .flags = IFF_UP,
     .kind = "vlan",
     .vlan = 1,
     .vlan_protocol = ETH_P_8021Q,
     .parent = 9,
     .parent_elsewhere = false},
    {.description = "an interface that is no port",
     .index = 9,
     .name = "mgmt",
     .flags = IFF_UP,
     .kind = "veth",
     .vlan = {},
     .vlan_protocol = 0,
     .parent = 0,
     .parent_elsewhere = false},
    {.description = "a VLAN that is down",
     .index = 10,
     .name = "corp.200",
     .flags = 0,
     .kind = "vlan",
     .vlan = 200,
     .vlan_protocol = ETH_P_8021Q,
     .parent = 2,
     .parent_elsewhere = false},
};
struct ExitCase {
  int index;
  std::optional<uint16_t> vlan;  // empty: no exit
  const char* why;
};
const ExitCase kExits[] = {
    {.index = 2, .vlan = 0, .why = ""},
    {.index = 3, .vlan = 100, .why = ""},
    {.index = 4, .vlan = {}, .why = "corp.s7 has 802.1ad tags; only 802.1Q can be sent"},
    {.index = 5, .vlan = {}, .why = "its route leaves by corp.100.5, which is not a port of the dataplane"},
    {.index = 6, .vlan = {}, .why = "its route leaves by far.9, which is not a port of the dataplane"},
    {.index = 7, .vlan = {}, .why = "its route leaves by mv, which is not a port of the dataplane"},
    {.index = 8, .vlan = {}, .why = "its route leaves by mgmt.1, which is not a port of the dataplane"},
    {.index = 9, .vlan = {}, .why = "its route leaves by mgmt, which is not a port of the dataplane"},
    {.index = 10, .vlan = {}, .why = "corp.200 is down"},
    {.index = 11, .vlan = {}, .why = "its route leaves by interface 11, which is gone"},
};

TEST(NetlinkMessages, AnExitIsAPortOrAVlanOfAPort) {
  Links links;
  for (const LinkCase& one : kLinksOfHost) {
    SCOPED_TRACE(one.description);
    const auto message = link_message(one);
    const auto link = read_link(reinterpret_cast<const nlmsghdr*>(message.data()));
    ASSERT_TRUE(link);
    EXPECT_EQ(link->name, one.name);
    EXPECT_EQ(link->vlan, one.vlan);
    links[link->index] = *link;
  }
  for (const ExitCase& one : kExits) {
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
