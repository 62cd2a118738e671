// dataplane/state/clients/client_network.h - how much of an address stands for a client, and the keys that tables of clients are looked up
// with: the only place that says so. Each caller names the level that it wants.
//
// An IPv4 address is one client. Over IPv6 a host has as many addresses as it likes of its LAN, mostly a /64, and a LAN is one of the
// 256 of a site. So there are three levels, each with a larger allowance than the one below it: who has too much is looked for among
// hosts first, and addresses made up within a LAN, or LANs within a site, do not add up to more than one host's some times over. Of
// an IPv4 address all three are the address itself. Where answers go to is a fourth level, without an allowance: it is no client.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>

#include "config/contract/address.h"
#include "config/contract/suffix_hash.h"
#include "dataplane/state/flights/pending.h"

namespace penstock::state {

enum class ClientLevel : uint8_t {
  host,
  network,
  site,
  vicinity,  // hears the same answer, or is told to endpoints as the client's subnet (RFC 7871 section 11.1)
};
// Those with an allowance, the smallest first.
inline constexpr std::array kClientLevels{ClientLevel::host, ClientLevel::network, ClientLevel::site};

// Bits of the address that are the client's at this level.
constexpr uint8_t prefix_length(ClientLevel level, uint8_t family) {
  if (family == 4) return level == ClientLevel::vicinity ? 24 : 32;
  return level == ClientLevel::host ? 128 : level == ClientLevel::network ? 64 : 56;
}

// As many times as a host may have: a LAN of a few busy hosts, a site of a few busy LANs.
constexpr uint32_t allowance_factor(ClientLevel level) {
  return level == ClientLevel::host ? 1 : level == ClientLevel::network ? 4 : 16;
}
constexpr uint32_t allowance(ClientLevel level, uint32_t of_host) {
  const uint64_t all = uint64_t{of_host} * allowance_factor(level);
  return all < std::numeric_limits<uint32_t>::max() ? static_cast<uint32_t>(all) : std::numeric_limits<uint32_t>::max();
}

// What shows that an address is its sender's.
enum class Proof : uint8_t {
  none,
  link,     // a cookie that was sent to that address at the MAC that the query came from (path/limits/cookie.h)
  address,  // a TCP handshake, or what was told after one
};

// Part of the key wherever somebody's share is looked up, so that nobody spends it who proves less.
inline uint64_t key_of(Proof proof, const std::array<uint8_t, 6>& mac) {
  uint64_t key = static_cast<uint64_t>(proof) << 56;
  if (proof == Proof::link) std::memcpy(&key, mac.data(), mac.size());
  return key;
}

// The address with all but the first bits cleared, as two words in memory order: fit for a key. `address` in network order.
using NetworkWords = std::array<uint64_t, 2>;
inline NetworkWords network_words(const AddressBytes& address, uint8_t family, ClientLevel level) {
  static_assert(std::endian::native == std::endian::little);
  NetworkWords words;
  std::memcpy(words.data(), address.data(), sizeof words);
  const unsigned bits = prefix_length(level, family);
  if (bits == 32 || bits == 128) return words;  // behind an IPv4 address there are zeros
  return {bits == 64 ? words[0] : words[0] & ((uint64_t{1} << bits) - 1), 0};
}
inline config::IpPrefix network_of(const config::IpAddress& address, ClientLevel level) {
  const NetworkWords words = network_words(address.bytes, address.family, level);
  config::IpPrefix network{{{}, address.family}, prefix_length(level, address.family)};
  std::memcpy(network.address.bytes.data(), words.data(), sizeof words);
  return network;
}
// What a table has of this client at this level: a hash that nobody outside can aim at, as nobody there knows `seed`; never 0. `thing`: what
// the table counts. `proof`: key_of() what shows that the address is its sender's.
inline uint64_t client_key(uint64_t seed, const AddressBytes& address, uint8_t family, ClientLevel level,
                           uint64_t thing, uint64_t proof = 0) {
  const NetworkWords words = network_words(address, family, level);
  const uint64_t client = words[0] ^ config::fold_multiply(words[1] ^ seed, 0x9e3779b97f4a7c15ULL ^ proof);
  const uint64_t key = config::fold_multiply(config::fold_multiply(client ^ seed, 0xa0761d6478bd642fULL ^ thing) ^ seed,
                                             0xe7037ed1a0b428dbULL ^ family);
  return key == 0 ? 1 : key;
}

}  // namespace penstock::state
