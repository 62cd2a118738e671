// dataplane/net/kernel/door.h - the way into the kernel for ports that DPDK owns wholly: a TAP with the port's MAC.
//
// Behind it the kernel answers ARP, ND, ping and TCP as it would on the card itself; addresses and routes are put on it
// with `ip`, as on any interface. It is named ps-PORT. One that exists already is used, and keeps its addresses when we
// end:
//
//   ip tuntap add dev ps-corp mode tap
//
// One that we made ends with us. One thread uses it: main.
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

  // Frames for the kernel. All mbufs are freed. Returns how many the TAP really took: not those that it refused (it is
  // down, full or deleted) and not those of more than 16 segments.
  unsigned deliver(std::span<rte_mbuf*> mbufs);
  // Frames from the kernel, to be sent on the port as they are: their checksums are complete. Never waits.
  // With an empty pool frames stay in the TAP's queue.
  uint16_t collect(rte_mbuf** mbufs, uint16_t count, rte_mempool* pool);

  // False once collect() found that somebody deleted the TAP: for good, the door takes and gives nothing any more.
  bool alive() const { return fd_ >= 0; }
  // For poll(): readable when collect() has something, or when the TAP was deleted. -1, which poll() skips, when not
  // alive.
  int fd() const { return fd_; }
  const std::string& interface() const { return interface_; }
  int ifindex() const { return ifindex_; }

 private:
  Door(int fd, std::string interface, int ifindex) : fd_(fd), interface_(std::move(interface)), ifindex_(ifindex) {}
  void shut();

  int fd_ = -1;
  std::string interface_;
  int ifindex_ = 0;
};

}  // namespace penstock::net
