// control/neighbours/netlink_messages.h - the rtnetlink messages that next hops need, built and read. Bytes
// only, by libmnl.
#pragma once

#include <array>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <linux/rtnetlink.h>

#include "config/contract/address.h"

namespace penstock::control {

using NetlinkBytes = std::vector<uint8_t>;  // one message, header included

// One neighbour entry of the kernel's.
struct NeighbourKey {
  int interface = 0;  // index
  config::IpAddress address;
  auto operator<=>(const NeighbourKey&) const = default;
};

struct Route {
  uint8_t type = 0;                          // RTN_UNICAST, RTN_LOCAL, ...
  int interface = 0;                         // index of the output interface, 0: none
  std::optional<config::IpAddress> gateway;  // empty: on-link; may be IPv6 for an IPv4 destination (RTA_VIA)
  std::optional<config::IpAddress> source;   // the kernel's choice
};

struct Link {
  int index = 0;
  std::string name;
  bool up = false;
  bool loopback = false;
  std::optional<uint16_t> vlan;  // an 802.1Q sub-interface's
  bool service_vlan = false;     // ... with 802.1ad tags, which we do not write
  int parent = 0;                // of a sub-interface, 0: none in this namespace
};

struct Neighbour {
  NeighbourKey key;
  uint16_t state = 0;  // NUD_*
  std::optional<std::array<uint8_t, 6>> mac;
  bool managed = false;
  uint8_t protocol = 0;                          // who made the entry
  std::chrono::milliseconds since_confirmed{0};  // since the neighbour last showed that it is there
};

// The originator that our entries carry, so that a control process that restarts knows them.
constexpr uint8_t kNeighbourProtocol = 53;

NetlinkBytes route_request(const config::IpAddress& destination, const std::optional<config::IpAddress>& source);
NetlinkBytes link_dump_request();
NetlinkBytes neighbour_dump_request(uint8_t family);
NetlinkBytes neighbour_request(const NeighbourKey& key);

// Makes or keeps the entry and has the kernel resolve it now, and from now on whenever it grows old
// (Linux 5.16).
NetlinkBytes manage_neighbour(const NeighbourKey& key);
// Has the kernel resolve or probe the entry once, as a packet to it would; not managed afterwards.
NetlinkBytes use_neighbour(const NeighbourKey& key);
// Has the kernel ask the neighbour, by unicast, whether it is still there; not managed afterwards.
NetlinkBytes probe_neighbour(const NeighbourKey& key, const std::array<uint8_t, 6>& mac);

// nullopt: another kind of message, or cut short.
std::optional<Route> read_route(const nlmsghdr* message);
std::optional<Link> read_link(const nlmsghdr* message);
std::optional<Neighbour> read_neighbour(const nlmsghdr* message);

}  // namespace penstock::control
