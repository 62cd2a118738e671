// dataplane/net/devices/ethdev.h - one DPDK ethdev: probed, its queues set up, started; stopped and closed at the end.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <set>
#include <string>

#include <tl/expected.hpp>

struct rte_mempool;

namespace penstock::net {

// Frames that no lcore ever saw, or that lcores sent and the wire never saw.
struct PortLosses {
  uint64_t receive_missed = 0;   // the queue was full when they came: lcores too slow
  uint64_t receive_errors = 0;   // broken frames
  uint64_t receive_no_mbuf = 0;  // the pool was empty
  uint64_t transmit_errors = 0;
  PortLosses& operator+=(const PortLosses&);
};

// This process's sockets of a domain: asked before and after, it tells those that a driver opened.
std::set<int> open_sockets(int domain);

class Ethdev {
 public:
  // devargs as EAL's --vdev takes them: "net_tap0,iface=x". An ethdev of that name that is there already is
  // taken over.
  static tl::expected<Ethdev, std::string> probe_vdev(const std::string& devargs);
  // Probed by EAL at its start (EalOptions::pci).
  static tl::expected<Ethdev, std::string> find_pci(const std::string& address);
  Ethdev(Ethdev&&) noexcept;
  Ethdev& operator=(Ethdev&&) noexcept;
  ~Ethdev();

  struct Queues {
    uint16_t receive = 1;
    uint16_t transmit = 1;
  };
  Queues most_queues() const;
  // after_receive_queue is called with the number of each receive queue right after it is set up.
  using AfterQueue = std::function<tl::expected<void, std::string>(uint16_t)>;
  tl::expected<void, std::string> set_up(Queues, bool rss, rte_mempool*, const AfterQueue& after_receive_queue = {});
  tl::expected<void, std::string> start();
  // Sees frames to any multicast address: IPv6 neighbour solicitations among them.
  void receive_all_multicast();
  void receive_everything();

  // Since it was probed. One thread asks; lcores may poll meanwhile.
  PortLosses losses() const;

  uint16_t id() const { return id_; }
  const std::string& name() const { return name_; }
  std::array<uint8_t, 6> mac() const;
  uint16_t mtu() const;
  const char* driver() const;

 private:
  Ethdev(uint16_t id, std::string name, bool ours) : id_(id), name_(std::move(name)), ours_(ours) {}
  void close();
  uint16_t id_ = 0xffff;  // RTE_MAX_ETHPORTS and above: moved from
  std::string name_;
  bool ours_ = false;  // probed here, to be removed here
  bool started_ = false;
};

}  // namespace penstock::net
