// dataplane/net/ports.h - opens the configuration's ports and closes them; the kernel gets its own traffic meanwhile.
//
//   unsigned queues = count_queues(model.ports, lcores);     // before EAL: sizes the pool
//   auto ports = Ports::open(model.ports, lcores, pool.get());
//   for (const OpenPort& port : ports->all()) {
//     for (Queue queue : port.queues) ...                    // deal them to lcores: every queue needs an owner
//   }
//   ports->set_filter({.listen = ..., .endpoints = ..., .source_ports = ...}, macs_of_each_port);
//
// Before set_filter() every frame is the kernel's. Destruction stops the queues, takes our XDP filter off the
// interfaces and removes our nft tables: stop the lcores before.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/address.h"
#include "config/model.h"
#include "dataplane/net/devices/ethdev.h"
#include "dataplane/net/filter/filter_rules.h"
#include "dataplane/net/queues.h"

struct rte_mempool;

namespace penstock::net {

class Door;

struct OpenPort {
  std::string name;
  config::PortKind kind = config::PortKind::af_xdp;
  std::string interface;  // the kernel's: the interface itself, or the door's TAP; empty: none
  int ifindex = 0;        // of `interface`, 0: none
  std::array<uint8_t, 6> mac{};
  std::vector<config::IpAddress> addresses;  // of `interface` when it was opened, IPv6 link-local ones included
  std::vector<Queue> queues;
  uint16_t mtu = 1500;
  // The kernel has its own copy of strangers (af_xdp: they never come here; af_packet: they come in copy).
  // Else they belong through the door, or nowhere when there is none.
  bool kernel_sees_frames = false;
  // Frames may carry only the pseudo-header's sum as UDP checksum: their sender was a kernel that leaves it to a card.
  bool checksum_partial = false;
};

// Queue pairs that open() will set up. Asks the kernel, not DPDK. 0 for an interface that is not there.
unsigned count_queues(std::span<const config::Port>, unsigned polling_lcores);
// May an af_xdp port among these run in zero copy? False when all their drivers are known not to (veth, tun...).
bool may_zero_copy(std::span<const config::Port>);
// Addresses of the pci ports, for EalOptions::pci.
std::vector<std::string> pci_addresses(std::span<const config::Port>);

class Ports {
 public:
  // All or nothing. The pool must be packed (mbuf_pool.h) and outlive this. The error names port and cause.
  static tl::expected<Ports, std::string> open(std::span<const config::Port>, unsigned polling_lcores, rte_mempool*);
  Ports(Ports&&) noexcept;
  Ports& operator=(Ports&&) noexcept;
  ~Ports();

  const std::vector<OpenPort>& all() const;
  // What was lost before and behind the lcores since the ports were opened, in the order of all(). One thread asks.
  std::vector<PortLosses> losses();
  // The kernel door of a port; nullptr: it has none (af_xdp, af_packet: the kernel is still on the interface). A pci
  // port and a vdev whose other end is a network (net_tap, net_memif, net_vhost, net_virtio_user) has one.
  Door* door(size_t port);

  // From now on this UDP is ours, on every af_xdp and af_packet port, in frames to one of the port's `macs` (in the order of all();
  // they take the place of the rules' own). Call again when endpoints change. On af_xdp it
  // works without privileges (Linux 5.19). On af_packet any change needs CAP_NET_ADMIN, and the kernel goes from the
  // old rules to the new ones at once.
  tl::expected<void, std::string> set_filter(FilterRules, std::span<const std::vector<Mac>> macs);

  // On af_xdp: of this client's queries only so many a second pass from now on (Filter::police); other drivers have nobody to drop
  // them before we do. False: no port does it. dropped_of(): on all ports.
  bool police(const config::IpAddress& client, uint32_t per_second);
  void release(const config::IpAddress& client);
  uint64_t dropped_of(const config::IpAddress& client) const;

 private:
  struct State;
  explicit Ports(std::unique_ptr<State>);
  std::unique_ptr<State> state_;
};

}  // namespace penstock::net
