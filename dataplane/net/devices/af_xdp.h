// dataplane/net/devices/af_xdp.h - an interface that stays the kernel's while our UDP goes to DPDK: AF_XDP sockets on
// every queue.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/net/devices/ethdev.h"
#include "dataplane/net/filter/filter.h"
#include "dataplane/net/kernel/interface.h"

struct rte_mempool;

namespace penstock::net {

class AfXdpPort {
 public:
  // One ethdev of one queue for each receive queue of the interface. `lcores` is for advice in the log only.
  static tl::expected<AfXdpPort, std::string> open(const std::string& interface, unsigned lcores, rte_mempool*);
  AfXdpPort(AfXdpPort&&) = default;
  AfXdpPort& operator=(AfXdpPort&&) = delete;

  const Interface& interface() const { return interface_; }
  const std::vector<Ethdev>& ethdevs() const { return ethdevs_; }  // index: the interface's queue
  Filter& filter() { return filter_; }
  PortLosses losses() const;

 private:
  AfXdpPort(Interface interface, InterfaceLock lock, Filter filter)
      : interface_(std::move(interface)), lock_(std::move(lock)), filter_(std::move(filter)) {}
  tl::expected<void, std::string> open_queue(unsigned queue, const std::string& decoy, rte_mempool*);

  // Destroyed from the last: the filter goes first, so that the kernel has its port 53 back before the
  // sockets close.
  Interface interface_;
  InterfaceLock lock_;
  std::vector<Ethdev> ethdevs_;
  std::vector<int> sockets_;  // the ethdevs' own, closed by them
  Filter filter_;
};

}  // namespace penstock::net
