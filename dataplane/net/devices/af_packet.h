// dataplane/net/devices/af_packet.h - an interface shared with the kernel by packet sockets: copies, an unprivileged driver.
#pragma once

#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "dataplane/net/devices/ethdev.h"
#include "dataplane/net/filter/nft_drop.h"
#include "dataplane/net/kernel/interface.h"

struct rte_mempool;

namespace penstock::net {

// Packet sockets in a fan-out group: the kernel deals frames to them by flow, whatever queues the interface has.
unsigned af_packet_queues(unsigned lcores);

class AfPacketPort {
 public:
  static tl::expected<AfPacketPort, std::string> open(const std::string& interface, unsigned lcores, rte_mempool*);
  AfPacketPort(AfPacketPort&&) = default;
  AfPacketPort& operator=(AfPacketPort&&) = delete;

  const Interface& interface() const { return interface_; }
  const Ethdev& ethdev() const { return ethdev_; }
  PortLosses losses();
  uint16_t queues() const { return queues_; }
  // Needs CAP_NET_ADMIN, except when the rules are the same.
  tl::expected<void, std::string> set_filter(const FilterRules&);

 private:
  AfPacketPort(Interface interface, InterfaceLock lock, Ethdev ethdev, uint16_t queues)
      : interface_(std::move(interface)),
        lock_(std::move(lock)),
        ethdev_(std::move(ethdev)),
        queues_(queues),
        drop_(interface_.name) {}
  Interface interface_;
  InterfaceLock lock_;
  Ethdev ethdev_;
  std::vector<int> sockets_;  // the ethdev's own, closed by it
  uint64_t dropped_ = 0;      // by these sockets: the kernel forgets them as it tells them
  uint16_t queues_;
  NftDrop drop_;
  FilterRules rules_;
};

}  // namespace penstock::net
