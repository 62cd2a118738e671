// dataplane/tables/client_prefixes.h - whether a client may ask: a binary search over flattened prefixes.
#pragma once

#include <cstdint>
#include <span>

#include "config/address.h"
#include "config/image.h"

namespace penstock::tables {

// A view of the image's ranges; both are sorted and start at address 0 (Ruleset::open has seen to it).
class ClientPrefixes {
 public:
  ClientPrefixes() = default;
  ClientPrefixes(std::span<const config::ImageClientsV4> v4, std::span<const config::ImageClientsV6> v6)
      : v4_(v4), v6_(v6) {}

  bool allowed(uint32_t v4_host_order) const;
  bool allowed(uint64_t v6_high_host_order, uint64_t v6_low_host_order) const;
  bool allowed(const config::IpAddress& address) const;  // false when it is of neither family

 private:
  std::span<const config::ImageClientsV4> v4_;
  std::span<const config::ImageClientsV6> v6_;
};

}  // namespace penstock::tables
