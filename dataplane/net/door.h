// dataplane/net/door.h - the way into the kernel for ports that DPDK owns wholly: a TAP with the port's MAC.
//
// Behind it the kernel answers ARP, ND, ping and TCP as it would on the card itself; addresses and routes are
// put on it with `ip`, as on any interface. It is named ps-PORT. One that exists already (`ip tuntap add dev
// ps-corp mode tap`) is used, and keeps its addresses when we end; one that we made ends with us. One thread
// uses it: main.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

#include <tl/expected.hpp>

struct rte_mbuf;
struct rte_mempool;

namespace penstock::net {

class Door {
 public:
  // port_name: the configuration's; the interface's name is cut to 15 characters.
  static tl::expected<Door, std::string> open(const std::string& port_name, const std::array<uint8_t, 6>& mac,
                                              uint16_t mtu);
  Door(Door&&) noexcept;
  Door& operator=(Door&&) noexcept;
  ~Door();

  // Frames for the kernel. All mbufs are freed, also those that the TAP's queue had no room for; returns how
  // many it took.
  unsigned deliver(std::span<rte_mbuf*> mbufs);
  // Frames from the kernel, to be sent on the port as they are: their checksums are complete. Never waits.
  // With an empty pool frames stay in the TAP's queue.
  uint16_t collect(rte_mbuf** mbufs, uint16_t count, rte_mempool* pool);

  int fd() const { return fd_; }  // for poll(): readable when collect() has something
  const std::string& interface() const { return interface_; }
  int ifindex() const { return ifindex_; }

 private:
  Door(int fd, std::string interface, int ifindex)
      : fd_(fd), interface_(std::move(interface)), ifindex_(ifindex) {}
  int fd_ = -1;
  std::string interface_;
  int ifindex_ = 0;
};

}  // namespace penstock::net
