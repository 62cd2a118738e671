// dataplane/net/af_packet.cpp - opens DPDK's AF_PACKET driver on an interface.
#include "dataplane/net/af_packet.h"

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>

namespace penstock::net {
namespace {

constexpr unsigned kMostQueues = 16;  // RTE_PMD_AF_PACKET_MAX_RINGS

}  // namespace

unsigned af_packet_queues(unsigned lcores) {
  return std::clamp(lcores, 1u, kMostQueues);
}

tl::expected<AfPacketPort, std::string> AfPacketPort::open(const std::string& name, unsigned lcores,
                                                           rte_mempool* pool) {
  auto interface = read_interface(name);
  if (!interface) return tl::make_unexpected(interface.error());
  if (!interface->up) return tl::make_unexpected("interface " + name + " is down: ip link set " + name + " up");
  auto lock = InterfaceLock::take(name);
  if (!lock) return tl::make_unexpected(lock.error());

  static std::atomic<unsigned> serial{0};
  const auto before = open_sockets(AF_PACKET);
  const unsigned queues = af_packet_queues(lcores);
  auto ethdev = Ethdev::probe_vdev("net_af_packet_penstock" + std::to_string(serial++) + ",iface=" + name +
                                   ",qpairs=" + std::to_string(queues) + ",qdisc_bypass=1");
  if (!ethdev) return tl::make_unexpected("interface " + name + ": " + ethdev.error());
  const auto count = static_cast<uint16_t>(queues);
  if (auto set_up = ethdev->set_up({count, count}, false, pool); !set_up) {
    return tl::make_unexpected("interface " + name + ": " + set_up.error());
  }
  AfPacketPort port(*std::move(interface), *std::move(lock), *std::move(ethdev), count);
  for (int socket : open_sockets(AF_PACKET)) {
    if (!before.contains(socket)) port.sockets_.push_back(socket);
  }
  if (auto table = port.drop_.set({}); !table) return tl::make_unexpected("interface " + name + ": " + table.error());
  if (auto started = port.ethdev_.start(); !started) return tl::make_unexpected(started.error());
  return port;
}

PortLosses AfPacketPort::losses() {
  for (int socket : sockets_) {
    // The driver of 22.11 does not ask for these.
    tpacket_stats statistics{};
    socklen_t length = sizeof statistics;
    if (getsockopt(socket, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) == 0) dropped_ += statistics.tp_drops;
  }
  PortLosses losses = ethdev_.losses();
  losses.receive_missed += dropped_;
  return losses;
}

tl::expected<void, std::string> AfPacketPort::set_filter(const FilterRules& rules) {
  if (rules == rules_) return {};
  if (auto set = drop_.set(rules); !set)
    return tl::make_unexpected("interface " + interface_.name + ": " + set.error());
  rules_ = rules;
  return {};
}

}  // namespace penstock::net
