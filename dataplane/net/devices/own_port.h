// dataplane/net/devices/own_port.h - ports that DPDK owns wholly: PCI cards and vdevs, with a door for what is the
// kernel's.
#pragma once

#include <optional>
#include <string>

#include <tl/expected.hpp>

#include "config/model.h"
#include "dataplane/net/devices/ethdev.h"
#include "dataplane/net/kernel/door.h"

struct rte_mempool;

namespace penstock::net {

class OwnPort {
 public:
  static tl::expected<OwnPort, std::string> open(const config::Port&, unsigned lcores, rte_mempool*);

  const Ethdev& ethdev() const { return ethdev_; }
  uint16_t queues() const { return queues_; }
  Door* door() { return door_ ? &*door_ : nullptr; }

 private:
  OwnPort(Ethdev ethdev, uint16_t queues) : ethdev_(std::move(ethdev)), queues_(queues) {}
  Ethdev ethdev_;
  uint16_t queues_;
  std::optional<Door> door_;
};

// Does a network with hosts lie behind such a vdev, that will ask for our MAC and ping us? Not behind
// net_ring, net_pcap and net_null, which tests feed.
bool wants_door(const std::string& devargs);

}  // namespace penstock::net
