// control/neighbours/next_hop_resolver.h - one endpoint's next hop: the kernel's route, then its neighbour,
// then our port.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/neighbours/neighbour_keeper.h"
#include "control/neighbours/next_hop_mirror.h"

namespace penstock::control {

struct Resolution {
  std::optional<NextHop> hop;
  std::string text;                       // "via 10.1.0.1 on eth0, 02:00:00:00:00:01", or why there is none
  bool resolving = false;                 // no hop yet, but the kernel is asking
  std::optional<NeighbourKey> neighbour;  // that it depends on
};

using Links = std::map<int, Link>;  // by index

// Port and VLAN tag of an output interface; empty: not a port of ours, and `why` says what it is.
struct Exit {
  uint8_t port = 0;
  uint16_t vlan = 0;
};
std::optional<Exit> find_exit(const Links& links, const std::vector<PortInterface>& ports, int interface,
                              std::string& why);

Resolution resolve(NetlinkSocket& netlink, NeighbourKeeper& keeper, const Links& links,
                   const std::vector<PortInterface>& ports, const NextHopTarget& target,
                   NeighbourKeeper::Clock::time_point now);

}  // namespace penstock::control
