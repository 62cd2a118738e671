#include "dataplane/tables/client_prefixes.h"

#include <algorithm>
#include <cstring>

namespace penstock::tables {
namespace {

ClientEntry entry_of(unsigned allowed, uint32_t group) {
  return {(allowed & config::kClientMayAsk) != 0, (allowed & config::kClientMaySnoop) != 0,
          (allowed & config::kClientRateExempt) != 0, static_cast<uint16_t>(group)};
}

uint64_t big_endian(const uint8_t* from) {
  uint64_t value = 0;
  std::memcpy(&value, from, sizeof value);
  return __builtin_bswap64(value);
}

}  // namespace

ClientEntry ClientPrefixes::look_up(uint32_t v4_host_order) const {
  const auto next =
      std::upper_bound(v4_.begin(), v4_.end(), v4_host_order,
                       [](uint32_t wanted, const config::ImageClientsV4& range) { return wanted < range.start; });
  if (next == v4_.begin()) return {};
  return entry_of(std::prev(next)->allowed, std::prev(next)->group);
}

ClientEntry ClientPrefixes::look_up(uint64_t v6_high_host_order, uint64_t v6_low_host_order) const {
  const auto wanted = static_cast<unsigned __int128>(v6_high_host_order) << 64 | v6_low_host_order;
  const auto next = std::upper_bound(
      v6_.begin(), v6_.end(), wanted, [](unsigned __int128 address, const config::ImageClientsV6& range) {
        return address < (static_cast<unsigned __int128>(range.start_high) << 64 | range.start_low);
      });
  if (next == v6_.begin()) return {};
  return entry_of(std::prev(next)->allowed, std::prev(next)->group);
}

ClientEntry ClientPrefixes::look_up(const uint8_t* address, uint8_t family) const {
  if (family == 6) return look_up(big_endian(address), big_endian(address + 8));
  if (family != 4) return {};
  uint32_t value = 0;
  std::memcpy(&value, address, sizeof value);
  return look_up(__builtin_bswap32(value));
}

}  // namespace penstock::tables
