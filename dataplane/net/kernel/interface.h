// dataplane/net/kernel/interface.h - what the kernel says about one of its network interfaces.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/address.h"

namespace penstock::net {

struct Interface {
  std::string name;
  int index = 0;
  std::array<uint8_t, 6> mac{};
  uint16_t mtu = 0;
  bool up = false;
  unsigned receive_queues = 1;
  unsigned combined_channels = 0;  // 0: the driver has none, as veth
  std::string driver;              // empty: it does not say
  std::vector<config::IpAddress> addresses;
};

// The error is one line that names the interface.
tl::expected<Interface, std::string> read_interface(const std::string& name);
std::vector<config::IpAddress> interface_addresses(const std::string& name);

// Drivers of this kind hand AF_XDP copies only.
bool is_copy_only(const Interface&);

enum class VlanStripping { off, switched_off, stays_on };
// A card that strips VLAN tags on receive hides them from AF_XDP: switched off where the driver lets us.
VlanStripping stop_vlan_stripping(const std::string& name);

// Held while a port of ours is open on the interface; the kernel lets go of it when the process ends, however
// it ends.
class InterfaceLock {
 public:
  static tl::expected<InterfaceLock, std::string> take(const std::string& name);
  InterfaceLock(InterfaceLock&&) noexcept;
  InterfaceLock& operator=(InterfaceLock&&) noexcept;
  ~InterfaceLock();

 private:
  explicit InterfaceLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace penstock::net
