// dataplane/net/kernel/interface_watch.h - sees what the kernel changes on interfaces while we run: MACs, addresses, what stands on them.
//
// Over one netlink socket, opened at start and read without any privilege. Main thread only.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/address.h"
#include "dataplane/net/kernel/neighbourhood.h"

struct nlmsghdr;

namespace penstock::net {

struct InterfaceAddress {
  config::IpAddress address;
  uint8_t prefix_length = 0;
  bool operator==(const InterfaceAddress&) const = default;
};

struct KernelInterface {
  std::array<uint8_t, 6> mac{};
  bool up = false;
  int below = 0;  // index of the interface of this network namespace that a VLAN or a macvlan stands on; 0: none
  std::optional<uint16_t> vlan;             // its tag, when it is a VLAN
  bool service_vlan = false;                // with an 802.1ad tag
  std::vector<InterfaceAddress> addresses;  // but for those that another host turned out to have
  bool operator==(const KernelInterface&) const = default;
};

// All interfaces of the network namespace, out of messages.
class InterfaceTable {
 public:
  // Any rtnetlink message. Says whether something changed.
  bool update(const nlmsghdr* message);

  const KernelInterface* find(int index) const;  // null: there is none
  // VLANs and macvlans on the interface, and on these, by index.
  std::map<int, const KernelInterface*> on(int index) const;
  const Neighbours* neighbours(int index) const { return neighbourhood_.of(index); }  // null: nothing is known
  bool operator==(const InterfaceTable&) const = default;

 private:
  bool update_link(const nlmsghdr* message);
  bool update_address(const nlmsghdr* message);
  bool stands_on(const KernelInterface& interface, int index) const;

  static constexpr size_t kMost = 8192;
  std::map<int, KernelInterface> interfaces_;
  Neighbourhood neighbourhood_;
};

class InterfaceWatch {
 public:
  using Clock = std::chrono::steady_clock;
  // `with_neighbours`: routes and neighbours too.
  static tl::expected<InterfaceWatch, std::string> open(bool with_neighbours = false);
  InterfaceWatch(InterfaceWatch&&) noexcept;
  InterfaceWatch& operator=(InterfaceWatch&&) noexcept;
  ~InterfaceWatch();

  int fd() const { return fd_; }  // readable when there is something to read
  // Takes what has come; never waits. Says whether something changed. Where the kernel had to drop messages all is read again.
  bool read();
  // Null until all has been read once.
  const InterfaceTable* table() const { return complete_ ? &table_ : nullptr; }

 private:
  InterfaceWatch(int fd, bool with_neighbours) : fd_(fd), with_neighbours_(with_neighbours) {}
  bool ask_for(uint16_t type);
  bool start_over();
  bool take(const nlmsghdr* message);

  int fd_ = -1;
  bool with_neighbours_ = false;
  bool is_doubtful_ = false;  // a route went, and another may have its gateway: all is read again
  Clock::time_point began_at_{};
  Clock::time_point not_again_before_{};  // once a second, and where routes are many a twentieth of the time
  InterfaceTable table_;
  InterfaceTable fresh_;      // while all is read (again)
  uint16_t asked_for_ = 0;    // the dump under way; 0: none
  bool interrupted_ = false;  // it is not of one moment
  bool complete_ = false;
};

}  // namespace penstock::net
