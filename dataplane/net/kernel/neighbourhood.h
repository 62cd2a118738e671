// dataplane/net/kernel/neighbourhood.h - what the kernel knows of the network behind each interface: whose MAC is whose, which networks are
// reached directly, and who is a gateway by some route. Out of rtnetlink messages.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>

#include "config/contract/address.h"

struct nlmsghdr;

namespace penstock::net {

struct Neighbours {
  std::map<config::IpAddress, std::array<uint8_t, 6>> macs;  // of those that the kernel would send to
  std::set<config::IpPrefix> on_link;                        // by routes without a gateway
  std::set<config::IpAddress> gateways;
  bool operator==(const Neighbours&) const = default;
};

class Neighbourhood {
 public:
  // Any message; true when what is known is another now. A route that goes is not taken away, as another may have its gateway: all has
  // to be read again.
  bool update(const nlmsghdr* message);
  void forget(int index) { by_interface_.erase(index); }

  const Neighbours* of(int index) const;  // null: nothing is known
  bool operator==(const Neighbourhood&) const = default;

 private:
  bool update_neighbour(const nlmsghdr* message);
  bool update_route(const nlmsghdr* message);

  // The kernel itself keeps fewer neighbours: gc_thresh3. Routes without a gateway may be many, those with one share few gateways.
  static constexpr size_t kMost = 16'384;
  std::map<int, Neighbours> by_interface_;
};

// Has the kernel find out, or make sure, whose MAC a neighbour's is: a datagram to the discard port (RFC 863), as it needs no right.
// Quiet when it cannot be sent.
void call_neighbour(int interface, const config::IpAddress& neighbour);

}  // namespace penstock::net
