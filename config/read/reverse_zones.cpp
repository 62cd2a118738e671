#include "config/read/reverse_zones.h"

namespace penstock::config {
namespace {

constexpr char kHex[] = "0123456789abcdef";

// The label of the unit `at`: an octet of IPv4, a nibble of IPv6.
std::string label_of(const IpAddress& address, unsigned at) {
  if (address.is_v4()) return std::to_string(address.bytes[at]);
  const uint8_t octet = address.bytes[at / 2];
  return std::string(1, kHex[at % 2 == 0 ? octet >> 4 : octet & 15]);
}

}  // namespace

std::vector<WireName> reverse_zones(const IpPrefix& prefix) {
  const unsigned bits = prefix.address.is_v4() ? 8 : 4;  // of a unit
  const unsigned units = (prefix.length + bits - 1) / bits;
  const unsigned open = units * bits - prefix.length;  // bits of the last unit that the prefix leaves open
  std::vector<WireName> zones;
  for (unsigned number = 0; number < 1U << open; ++number) {
    IpAddress address = prefix.address;
    if (units != 0) {
      const unsigned shift = prefix.address.is_v6() && units % 2 == 1 ? 4 : 0;
      uint8_t& octet = address.bytes[(units - 1) * bits / 8];
      octet = static_cast<uint8_t>(octet | number << shift);
    }
    std::string text;
    for (unsigned at = units; at > 0; --at) text += label_of(address, at - 1) + ".";
    zones.push_back(*parse_name(text + (prefix.address.is_v4() ? "in-addr.arpa" : "ip6.arpa")));
  }
  return zones;
}

}  // namespace penstock::config
