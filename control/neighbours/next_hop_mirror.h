// control/neighbours/next_hop_mirror.h - the next hop of every endpoint, as the kernel's routes and
// neighbours have it now.
//
//   NextHopMirror mirror(io, [](const EndpointId& id, const std::optional<NextHop>& hop) { ... });
//   mirror.configure({{id, source}, ...}, {{0, "eth0"}});
//
// The dataplane bypasses the kernel, so nothing refreshes the neighbour entries it uses: the mirror has them
// kept alive by the kernel (NTF_EXT_MANAGED) and verified. Runs on the io_context's thread only. Throws
// std::system_error when rtnetlink cannot be opened.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

#include "config/contract/address.h"
#include "control/health/endpoint_id.h"

namespace penstock::control {

class NeighbourHand;

struct NextHopTarget {
  EndpointId id;
  std::optional<config::IpAddress> source;  // what queries are sent from; empty: the kernel's choice for the route
};

struct PortInterface {
  uint8_t port = 0;       // index of the dataplane's port
  std::string interface;  // its name in the kernel
};

struct NextHop {
  std::array<uint8_t, 6> mac{};
  uint16_t vlan = 0;  // tag, 0: none
  uint8_t port = 0;
  config::IpAddress source;
  bool operator==(const NextHop&) const = default;
};

struct NextHopOptions {
  bool managed = true;                     // false: as on kernels before 5.16
  std::chrono::milliseconds debounce{10};  // between a change and the look at it
  std::chrono::seconds refresh{5};         // a look without a change
  std::chrono::seconds verify{5};          // an entry that is not confirmed for so long is probed
  NeighbourHand* hand = nullptr;           // outlives the mirror; nullptr: entries are changed by this process
};

class NextHopMirror {
 public:
  // Called once for every new target as soon as its next hop is known to be there or not, then on every
  // change.
  using Changed = std::function<void(const EndpointId&, const std::optional<NextHop>&)>;

  NextHopMirror(asio::io_context& io, Changed changed, NextHopOptions options = {});
  ~NextHopMirror();

  void configure(std::vector<NextHopTarget> targets, std::vector<PortInterface> ports);
  // Why there is no next hop; empty when there is one, or nobody has looked yet.
  std::string reason(const EndpointId&) const;
  // Gives up the neighbour entries; no callback comes after this.
  void stop();

 private:
  class Worker;
  std::shared_ptr<Worker> worker_;
};

}  // namespace penstock::control
