// dataplane/net/devices/af_packet.cpp - opens DPDK's AF_PACKET driver on an interface.
#include "dataplane/net/devices/af_packet.h"

#include <linux/if_packet.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstring>

// In the place of libc's, for the driver alone: it has the kernel put IPv4 datagrams together for the packet sockets of a fan-out
// group. Then a query in fragments is answered by us and by the slow lane, and nobody sees that a response was fragmented, which
// is what a forger hides behind. There is no option for it in 22.11, and a group's flags cannot be changed.
extern "C" int setsockopt(int socket, int level, int name, const void* value, socklen_t length) noexcept {
  uint32_t fanout = 0;
  if (level == SOL_PACKET && name == PACKET_FANOUT && length == sizeof fanout) {
    std::memcpy(&fanout, value, sizeof fanout);
    fanout &= ~(uint32_t{PACKET_FANOUT_FLAG_DEFRAG} << 16);
    value = &fanout;
  }
  return static_cast<int>(syscall(SYS_setsockopt, socket, level, name, value, length));
}

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
