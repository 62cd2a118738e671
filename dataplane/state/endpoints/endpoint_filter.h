// dataplane/state/endpoints/endpoint_filter.h - whether an address can be an endpoint's: asked before a response is passed to the lcore
// that owns its port, so that whoever sprays forged responses does not fill the rings between lcores.
//
// A bitmap of keyed hashes: an endpoint is never missed, one address in many thousands passes that is none and is then told
// apart by its owner (path/response/response). Endpoints of the rules before stay until the rules after the next: queries to them may
// still be open.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <cstring>

#include "dataplane/state/flights/pending.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::state {

class EndpointFilter {
 public:
  // New rules are in force; the same ones again change nothing.
  void take(const tables::Ruleset& rules) {
    if (rules.header().generation == generation_ && rules.header().hash_key == keys_[current_]) return;
    generation_ = rules.header().generation;
    current_ ^= 1;
    keys_[current_] = rules.header().hash_key;
    bits_[current_].reset();
    for (const config::ImageEndpoint& endpoint : rules.endpoints()) {
      AddressBytes address;
      std::memcpy(address.data(), endpoint.address, address.size());
      bits_[current_].set(place(address, keys_[current_]));
    }
  }
  bool may_hold(const AddressBytes& address) const {
    return may_hold_now(address) || bits_[current_ ^ 1][place(address, keys_[current_ ^ 1])];
  }
  // By the rules in force.
  bool may_hold_now(const AddressBytes& address) const { return bits_[current_][place(address, keys_[current_])]; }

 private:
  static constexpr unsigned kBits = 16;

  static size_t place(const AddressBytes& address, uint64_t key) {
    std::array<uint64_t, 2> words;
    std::memcpy(words.data(), address.data(), sizeof words);
    const auto product = static_cast<unsigned __int128>(words[0] ^ key) * 0x9e3779b97f4a7c15ULL;
    const auto mixed = static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64) ^ words[1];
    const auto again = static_cast<unsigned __int128>(mixed ^ key >> 7) * 0xd6e8feb86659fd93ULL;
    return (static_cast<uint64_t>(again) ^ static_cast<uint64_t>(again >> 64)) >> (64 - kBits);
  }

  uint64_t generation_ = ~uint64_t{0};
  unsigned current_ = 0;
  std::array<uint64_t, 2> keys_{};
  std::array<std::bitset<size_t{1} << kBits>, 2> bits_;
};

}  // namespace penstock::state
