// dataplane/state/keyed_hash.h - hashes of octets that clients choose, under a secret key.
#pragma once

#include <cstdint>
#include <cstring>

#include "config/contract/suffix_hash.h"

namespace penstock::state {

// Of any octets. `key` is secret: nobody outside can aim at one place of an index.
inline uint64_t wide_hash_octets(uint64_t key, const uint8_t* octets, unsigned length) {
  constexpr uint64_t kMixer = 0xa0761d6478bd642fULL;
  const auto load = [](const uint8_t* from, unsigned n) {
    uint64_t value = 0;
    std::memcpy(&value, from, n);
    return value;
  };
  uint64_t hash = key ^ length;
  if (length >= 16) {
    const uint8_t* last = octets + length - 16;  // overlaps what came before
    for (; octets < last; octets += 16)
      hash = config::fold_multiply(hash ^ load(octets, 8), kMixer ^ load(octets + 8, 8));
    hash = config::fold_multiply(hash ^ load(last, 8), kMixer ^ load(last + 8, 8));
  } else if (length >= 8) {
    hash = config::fold_multiply(hash ^ load(octets, 8), kMixer ^ load(octets + length - 8, 8));
  } else if (length >= 4) {
    hash = config::fold_multiply(hash ^ load(octets, 4), kMixer ^ load(octets + length - 4, 4));
  } else if (length != 0) {
    hash ^= octets[0] | uint64_t{octets[length / 2]} << 8 | uint64_t{octets[length - 1]} << 16;
  }
  return config::fold_multiply(hash ^ key, 0xe7037ed1a0b428dbULL);
}
inline uint32_t narrow_hash(uint64_t hash) {
  return static_cast<uint32_t>(hash ^ hash >> 32);
}
inline uint32_t hash_octets(uint64_t key, const uint8_t* octets, unsigned length) {
  return narrow_hash(wide_hash_octets(key, octets, length));
}

}  // namespace penstock::state
