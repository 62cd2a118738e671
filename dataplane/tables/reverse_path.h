// dataplane/tables/reverse_path.h - under whose MAC a source address may come in, on a port with `reverse_path: strict`.
//
// Replies go to the MAC that asked, so without this any host of the segment can use any address and hear the answer. Made by the main
// thread of what the kernel knows (dataplane/housekeeping/host_follower), read by lcores.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <utility>
#include <vector>

#include "config/contract/address.h"

namespace penstock::tables {

// `vlan` is the tag of a network of the port, 0: untagged.
class ReversePath {
 public:
  using Mac = std::array<uint8_t, 6>;
  struct Network {
    uint16_t vlan = 0;
    config::IpPrefix prefix;
    auto operator<=>(const Network&) const = default;
  };
  struct Neighbour {
    uint16_t vlan = 0;
    config::IpAddress address;
    Mac mac{};
    auto operator<=>(const Neighbour&) const = default;
  };
  struct Gateway {
    uint16_t vlan = 0;
    Mac mac{};
    auto operator<=>(const Gateway&) const = default;
  };
  struct Parts {
    std::vector<Network> on_link;       // hosts of these are asked for by ARP and ND, link-local ones anyway
    std::vector<Neighbour> neighbours;  // that the kernel knows; one may have several MACs
    std::vector<Gateway> gateways;      // who may pass on what comes from elsewhere
    bool operator==(const Parts&) const = default;
  };

  explicit ReversePath(Parts parts) : parts_(std::move(parts)) {
    std::sort(parts_.on_link.begin(), parts_.on_link.end());
    std::sort(parts_.neighbours.begin(), parts_.neighbours.end());
    std::sort(parts_.gateways.begin(), parts_.gateways.end());
  }

  // A neighbour that is known: from its MAC. Another address of the segment: from any. What is elsewhere: from a gateway's.
  bool admits(const config::IpAddress& source, uint16_t vlan, const Mac& from) const;
  bool operator==(const ReversePath&) const = default;

 private:
  Parts parts_;  // in order
};

}  // namespace penstock::tables
