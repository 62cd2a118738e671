// dataplane/tables/client_prefixes.h - whether a client may ask, and its group: a binary search over flattened prefixes.
#pragma once

#include <cstdint>
#include <span>

#include "config/contract/address.h"
#include "config/contract/image.h"

namespace penstock::tables {

struct ClientEntry {
  bool allowed = false;
  bool may_snoop = false;  // to ask what is remembered without asking for recursion
  bool is_exempt = false;  // from the limits of rates
  uint16_t group = 0;      // index into the image's groups
};

// A view of the image's ranges; both are sorted and start at address 0 (Ruleset::open has seen to it).
class ClientPrefixes {
 public:
  ClientPrefixes() = default;
  ClientPrefixes(std::span<const config::ImageClientsV4> v4, std::span<const config::ImageClientsV6> v6)
      : v4_(v4), v6_(v6) {}

  ClientEntry look_up(uint32_t v4_host_order) const;
  ClientEntry look_up(uint64_t v6_high_host_order, uint64_t v6_low_host_order) const;
  // `address`: 16 octets in network order, an IPv4 address in the first four. Nobody may ask from an address of neither family.
  ClientEntry look_up(const uint8_t* address, uint8_t family) const;
  ClientEntry look_up(const config::IpAddress& address) const { return look_up(address.bytes.data(), address.family); }

 private:
  std::span<const config::ImageClientsV4> v4_;
  std::span<const config::ImageClientsV6> v6_;
};

}  // namespace penstock::tables
