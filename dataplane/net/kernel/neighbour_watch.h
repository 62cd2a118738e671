// dataplane/net/kernel/neighbour_watch.h - sees in the kernel's neighbour table that a neighbour has got another MAC.
//
// Next hops are control's to mirror. This is for the time in which control is not there: a gateway that fails over to its
// standby tells the kernel so, and the kernel tells everybody who listens. Reading needs no privilege. Main thread only.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/address.h"

struct nlmsghdr;

namespace penstock::net {

struct NeighbourEntry {
  int interface = 0;  // index
  config::IpAddress address;
  std::optional<std::array<uint8_t, 6>> mac;  // empty: the kernel would not send to it: gone, failed, not found yet
};
// nullopt: another kind of message.
std::optional<NeighbourEntry> read_neighbour(const nlmsghdr* message);

struct MacChange {
  int interface = 0;  // index
  config::IpAddress neighbour;
  std::array<uint8_t, 6> from{};
  std::array<uint8_t, 6> to{};
};

// The last MAC of every neighbour, out of messages.
class NeighbourTable {
 public:
  // Any rtnetlink message. An entry that goes away is remembered: it may come back with another MAC.
  std::optional<MacChange> update(const nlmsghdr* message);

 private:
  static constexpr size_t kMost = 16'384;  // what the kernel itself keeps is bounded by gc_thresh3, far below
  std::map<std::pair<int, config::IpAddress>, std::array<uint8_t, 6>> macs_;
};

class NeighbourWatch {
 public:
  static tl::expected<NeighbourWatch, std::string> open();
  NeighbourWatch(NeighbourWatch&&) noexcept;
  NeighbourWatch& operator=(NeighbourWatch&&) noexcept;
  ~NeighbourWatch();

  int fd() const { return fd_; }  // readable when there is something to read
  // What changed since the last call; never waits. Where the kernel had to drop messages the whole table is read again.
  std::vector<MacChange> read();

 private:
  explicit NeighbourWatch(int fd) : fd_(fd) {}
  bool ask_for_all() const;

  int fd_ = -1;
  NeighbourTable table_;
};

}  // namespace penstock::net
