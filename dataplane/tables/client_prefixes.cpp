#include "dataplane/tables/client_prefixes.h"

#include <algorithm>
#include <cstring>

namespace penstock::tables {
namespace {

uint64_t big_endian(const uint8_t* from) {
  uint64_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return __builtin_bswap64(value);
}

}  // namespace

bool ClientPrefixes::allowed(uint32_t v4_host_order) const {
  const auto next =
      std::upper_bound(v4_.begin(), v4_.end(), v4_host_order,
                       [](uint32_t wanted, const config::ImageClientsV4& range) { return wanted < range.start; });
  return next != v4_.begin() && std::prev(next)->allowed != 0;
}

bool ClientPrefixes::allowed(uint64_t v6_high_host_order, uint64_t v6_low_host_order) const {
  const auto wanted = static_cast<unsigned __int128>(v6_high_host_order) << 64 | v6_low_host_order;
  const auto next = std::upper_bound(
      v6_.begin(), v6_.end(), wanted, [](unsigned __int128 address, const config::ImageClientsV6& range) {
        return address < (static_cast<unsigned __int128>(range.start_high) << 64 | range.start_low);
      });
  return next != v6_.begin() && std::prev(next)->allowed != 0;
}

bool ClientPrefixes::allowed(const config::IpAddress& address) const {
  if (address.is_v4()) {
    uint32_t value = 0;
    std::memcpy(&value, address.bytes.data(), sizeof value);
    return allowed(__builtin_bswap32(value));
  }
  return address.is_v6() && allowed(big_endian(address.bytes.data()), big_endian(address.bytes.data() + 8));
}

}  // namespace penstock::tables
