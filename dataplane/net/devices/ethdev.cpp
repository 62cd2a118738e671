// dataplane/net/devices/ethdev.cpp - the life of one DPDK ethdev.
#include "dataplane/net/devices/ethdev.h"

#include <sys/socket.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <utility>

#include <rte_bus_vdev.h>
#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_log.h>

namespace penstock::net {
namespace {

constexpr uint16_t kNone = 0xffff;
constexpr uint16_t kDescriptors = 1024;

std::string reason(int error) {
  return rte_strerror(error < 0 ? -error : error);
}

}  // namespace

tl::expected<Ethdev, std::string> Ethdev::probe_vdev(const std::string& devargs) {
  const size_t comma = devargs.find(',');
  const std::string name = devargs.substr(0, comma);
  uint16_t id = 0;
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id) == 0) return Ethdev(id, name, false);
  const std::string arguments = comma == std::string::npos ? "" : devargs.substr(comma + 1);
  if (int error = rte_vdev_init(name.c_str(), arguments.c_str()); error < 0) {
    return tl::make_unexpected("DPDK's driver does not accept \"" + devargs + "\": " + reason(error));
  }
  if (rte_eth_dev_get_port_by_name(name.c_str(), &id) != 0) {
    rte_vdev_uninit(name.c_str());
    return tl::make_unexpected("DPDK's driver created no port for \"" + devargs + "\"");
  }
  return Ethdev(id, name, true);
}

tl::expected<Ethdev, std::string> Ethdev::find_pci(const std::string& address) {
  uint16_t id = 0;
  if (rte_eth_dev_get_port_by_name(address.c_str(), &id) == 0) return Ethdev(id, address, false);
  return tl::make_unexpected("no DPDK driver for PCI device " + address +
                             ": bind it to vfio-pci (dpdk-devbind.py -b vfio-pci " + address + ") and check dmesg");
}

Ethdev::Ethdev(Ethdev&& other) noexcept
    : id_(std::exchange(other.id_, kNone)),
      name_(std::move(other.name_)),
      ours_(other.ours_),
      started_(other.started_) {}

Ethdev& Ethdev::operator=(Ethdev&& other) noexcept {
  if (this == &other) return *this;
  close();
  id_ = std::exchange(other.id_, kNone);
  name_ = std::move(other.name_);
  ours_ = other.ours_;
  started_ = other.started_;
  return *this;
}

Ethdev::~Ethdev() {
  close();
}

void Ethdev::close() {
  if (id_ == kNone) return;
  if (started_) rte_eth_dev_stop(id_);
  if (ours_) {
    // The AF_XDP driver tries to detach by netlink, and complains: the right to is gone, and our filter goes with its link.
    rte_log_set_level_pattern("pmd.net.af_xdp", RTE_LOG_EMERG);
    rte_eth_dev_close(id_);
    rte_vdev_uninit(name_.c_str());
  }
  id_ = kNone;
}

Ethdev::Queues Ethdev::most_queues() const {
  rte_eth_dev_info info{};
  if (rte_eth_dev_info_get(id_, &info) != 0) return {0, 0};
  return {info.max_rx_queues, info.max_tx_queues};
}

tl::expected<void, std::string> Ethdev::set_up(Queues queues, bool rss, rte_mempool* pool,
                                               const AfterQueue& after_receive_queue) {
  rte_eth_dev_info info{};
  if (int error = rte_eth_dev_info_get(id_, &info); error != 0)
    return tl::make_unexpected(name_ + ": " + reason(error));
  rte_eth_conf conf{};
  if (rss && queues.receive > 1) {
    // Ports take part, else all responses of one endpoint come to one queue.
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = (RTE_ETH_RSS_IP | RTE_ETH_RSS_UDP) & info.flow_type_rss_offloads;
  }
  if (int error = rte_eth_dev_configure(id_, queues.receive, queues.transmit, &conf); error != 0) {
    return tl::make_unexpected(name_ + ": " + std::to_string(queues.receive) + " receive and " +
                               std::to_string(queues.transmit) + " transmit queues: " + reason(error));
  }
  uint16_t receive_descriptors = kDescriptors;
  uint16_t transmit_descriptors = kDescriptors;
  rte_eth_dev_adjust_nb_rx_tx_desc(id_, &receive_descriptors, &transmit_descriptors);
  const int node = rte_eth_dev_socket_id(id_);
  const unsigned socket = node < 0 ? 0 : static_cast<unsigned>(node);
  for (uint16_t queue = 0; queue < queues.receive; ++queue) {
    if (int error = rte_eth_rx_queue_setup(id_, queue, receive_descriptors, socket, nullptr, pool); error != 0) {
      return tl::make_unexpected(name_ + ": receive queue " + std::to_string(queue) + ": " + reason(error));
    }
    if (!after_receive_queue) continue;
    if (auto after = after_receive_queue(queue); !after) return after;
  }
  for (uint16_t queue = 0; queue < queues.transmit; ++queue) {
    if (int error = rte_eth_tx_queue_setup(id_, queue, transmit_descriptors, socket, nullptr); error != 0) {
      return tl::make_unexpected(name_ + ": transmit queue " + std::to_string(queue) + ": " + reason(error));
    }
  }
  return {};
}

tl::expected<void, std::string> Ethdev::start() {
  if (int error = rte_eth_dev_start(id_); error != 0) {
    return tl::make_unexpected(name_ + " does not start: " + reason(error));
  }
  started_ = true;
  return {};
}

void Ethdev::receive_all_multicast() {
  rte_eth_allmulticast_enable(id_);
}
void Ethdev::receive_everything() {
  rte_eth_promiscuous_enable(id_);
}

std::set<int> open_sockets(int wanted) {
  std::set<int> sockets;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const std::string name = entry.path().filename();
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    int domain = 0;
    socklen_t length = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 && domain == wanted) sockets.insert(fd);
  }
  return sockets;
}

PortLosses& PortLosses::operator+=(const PortLosses& other) {
  receive_missed += other.receive_missed;
  receive_errors += other.receive_errors;
  receive_no_mbuf += other.receive_no_mbuf;
  transmit_errors += other.transmit_errors;
  return *this;
}

PortLosses Ethdev::losses() const {
  rte_eth_stats stats{};
  if (rte_eth_stats_get(id_, &stats) != 0) return {};
  return {stats.imissed, stats.ierrors, stats.rx_nombuf, stats.oerrors};
}

std::array<uint8_t, 6> Ethdev::mac() const {
  rte_ether_addr address{};
  rte_eth_macaddr_get(id_, &address);
  std::array<uint8_t, 6> mac{};
  std::memcpy(mac.data(), address.addr_bytes, mac.size());
  return mac;
}

uint16_t Ethdev::mtu() const {
  uint16_t mtu = 1500;
  rte_eth_dev_get_mtu(id_, &mtu);
  return mtu;
}

const char* Ethdev::driver() const {
  rte_eth_dev_info info{};
  return rte_eth_dev_info_get(id_, &info) == 0 && info.driver_name != nullptr ? info.driver_name : "";
}

}  // namespace penstock::net
