// dataplane/net/devices/af_xdp.cpp - sets up AF_XDP sockets through DPDK's driver and puts our own filter before
// them.
//
// The driver attaches a program of its own for each ethdev and keeps its maps. So it gets a decoy, the decoy
// is taken off after each queue, and in the end our filter is attached, its map filled with the sockets that
// the driver opened.
#include "dataplane/net/devices/af_xdp.h"

#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include <rte_ethdev.h>
#include <spdlog/spdlog.h>

#include "dataplane/net/filter/bpf_objects.h"
#include "dataplane/net/pools/mbuf_pool.h"

namespace penstock::net {
namespace {

// At 0 the driver would wait up to a second in poll() on a quiet queue.
constexpr int kBusyBudget = 64;

// A file that is only in memory, under a path that the driver can open.
class MemoryFile {
 public:
  explicit MemoryFile(std::span<const std::byte> bytes) : fd_(memfd_create("penstock_decoy", MFD_CLOEXEC)) {
    if (write(fd_, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) error_ = errno;
  }
  ~MemoryFile() {
    if (fd_ >= 0) close(fd_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  int error() const { return error_; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
  int error_ = 0;
};

void raise_locked_memory() {
  // AF_XDP pins the whole pool.
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  if (setrlimit(RLIMIT_MEMLOCK, &unlimited) != 0) {
    spdlog::warn("Cannot raise the limit of locked memory ({}): AF_XDP may need more, set LimitMEMLOCK",
                 std::strerror(errno));
  }
}

void advise(const Interface& interface, unsigned lcores) {
  if (interface.receive_queues == lcores) return;
  const std::string what = interface.combined_channels > 0
                               ? " combined " + std::to_string(lcores)
                               : " rx " + std::to_string(lcores) + " tx " + std::to_string(lcores);
  spdlog::info("Interface {} has {} queues for {} polling lcores: run `ethtool -L {}{}` to make them equal",
               interface.name, interface.receive_queues, lcores, interface.name, what);
}

void keep_vlan_tags(const std::string& name) {
  switch (stop_vlan_stripping(name)) {
    case VlanStripping::off:
      return;
    case VlanStripping::switched_off:
      spdlog::info("Interface {}: rx-vlan-offload switched off, as AF_XDP does not show stripped tags", name);
      return;
    case VlanStripping::stays_on:
      spdlog::warn(
          "Interface {} strips VLAN tags, and this cannot be switched off: tagged queries would be answered untagged",
          name);
      return;
  }
}

}  // namespace

tl::expected<AfXdpPort, std::string> AfXdpPort::open(const std::string& name, unsigned lcores, rte_mempool* pool) {
  if (auto packed = check_packed(pool); !packed) return tl::make_unexpected(packed.error());
  auto interface = read_interface(name);
  if (!interface) return tl::make_unexpected(interface.error());
  if (!interface->up) {
    return tl::make_unexpected("interface " + name + " is down: ip link set " + name + " up");
  }
  if (interface->receive_queues >= RTE_MAX_ETHPORTS) {
    return tl::make_unexpected("interface " + name + " has " + std::to_string(interface->receive_queues) +
                               " queues, more than DPDK supports: ethtool -L " + name + " combined " +
                               std::to_string(lcores));
  }
  auto lock = InterfaceLock::take(name);
  if (!lock) return tl::make_unexpected(lock.error());
  raise_locked_memory();
  std::string left;
  if (auto clear = clear_leftovers(name, interface->index, left); !clear) return tl::make_unexpected(clear.error());
  if (!left.empty()) spdlog::warn("Interface {}: removed what an earlier process left behind, {}", name, left);
  keep_vlan_tags(name);
  advise(*interface, lcores);

  auto filter = Filter::load();
  if (!filter) return tl::make_unexpected(filter.error());
  const MemoryFile decoy(decoy_object());
  if (decoy.error() != 0) return tl::make_unexpected(std::string("memfd: ") + std::strerror(decoy.error()));

  AfXdpPort port(*std::move(interface), *std::move(lock), *std::move(filter));
  for (unsigned queue = 0; queue < port.interface_.receive_queues; ++queue) {
    auto opened = port.open_queue(queue, decoy.path(), pool);
    if (!opened)
      return tl::make_unexpected("interface " + name + ", queue " + std::to_string(queue) + ": " + opened.error());
  }
  if (auto attached = port.filter_.attach(port.interface_.index); !attached) {
    return tl::make_unexpected("interface " + name + ": " + attached.error());
  }
  for (auto& ethdev : port.ethdevs_) {
    if (auto started = ethdev.start(); !started) return tl::make_unexpected(started.error());
  }
  return port;
}

tl::expected<void, std::string> AfXdpPort::open_queue(unsigned queue, const std::string& decoy, rte_mempool* pool) {
  static std::atomic<unsigned> serial{0};
  auto ethdev = Ethdev::probe_vdev("net_af_xdp_penstock" + std::to_string(serial++) + ",iface=" + interface_.name +
                                   ",start_queue=" + std::to_string(queue) + ",queue_count=1,xdp_prog=" + decoy +
                                   ",busy_budget=" + std::to_string(kBusyBudget));
  if (!ethdev) return tl::make_unexpected(ethdev.error());
  const auto before = open_sockets(AF_XDP);
  auto set_up = ethdev->set_up({1, 1}, false, pool, [&](uint16_t) -> tl::expected<void, std::string> {
    for (int socket : open_sockets(AF_XDP)) {
      if (before.contains(socket)) continue;
      sockets_.push_back(socket);
      return filter_.add_socket(queue, socket);
    }
    return tl::make_unexpected("the driver did not open an AF_XDP socket");
  });
  detach_any(interface_.index);  // the decoy: with it on, the driver could not set up the next queue
  if (!set_up) return set_up;
  ethdevs_.push_back(*std::move(ethdev));
  return {};
}

PortLosses AfXdpPort::losses() const {
  PortLosses losses;
  for (const Ethdev& ethdev : ethdevs_) losses += ethdev.losses();
  for (int socket : sockets_) {
    // The driver counts rx_dropped as missed, and forgets this one.
    xdp_statistics statistics{};
    socklen_t length = sizeof statistics;
    if (getsockopt(socket, SOL_XDP, XDP_STATISTICS, &statistics, &length) == 0) {
      losses.receive_missed += statistics.rx_ring_full;
    }
  }
  return losses;
}

}  // namespace penstock::net
