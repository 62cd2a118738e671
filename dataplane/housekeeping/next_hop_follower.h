// dataplane/housekeeping/next_hop_follower.h - takes over a next hop's new MAC while control is not there to do it.
//
// Next hops are control's words in the shared page (config/contract/endpoint_state.h). When its heartbeat, at least twice a second,
// has not come for a second, changes that the kernel tells of are written by us, those of the seconds before too. A control
// that comes back looks at all of them itself. Not for next hops behind a VLAN sub-interface: those wait for control.
#pragma once

#include <cstdint>
#include <vector>

#include "config/contract/endpoint_state.h"
#include "dataplane/net/kernel/neighbour_watch.h"

namespace penstock {

class NextHopFollower {
 public:
  // A port's interface in the kernel, by index; 0: it has none.
  explicit NextHopFollower(std::vector<int> interface_of_port) : interface_of_port_(std::move(interface_of_port)) {}

  // What was seen since the last call; `now_ns` as the page's heartbeat has it. Those that were written, with the endpoints
  // that each one moved.
  struct Followed {
    net::MacChange change;
    unsigned endpoints = 0;
  };
  std::vector<Followed> follow(const std::vector<net::MacChange>& seen, config::EndpointStatePage& page,
                               uint64_t now_ns);

 private:
  static constexpr uint64_t kSecondNs = 1'000'000'000;
  static constexpr uint64_t kKeepNs = 5 * kSecondNs;  // control may have died before it wrote what it saw
  static constexpr size_t kMost = 1024;

  struct Seen {
    net::MacChange change;
    uint64_t at_ns = 0;
  };
  unsigned write(const net::MacChange& change, config::EndpointStatePage& page) const;

  std::vector<int> interface_of_port_;
  std::vector<Seen> seen_;
};

}  // namespace penstock
