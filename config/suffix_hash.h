// config/suffix_hash.h - the keyed hash of name suffixes that the rule image is built with and the packet path looks up by.
//
// A name is hashed from the root: the hash of a suffix extends the hash of the suffix one label shorter, so one pass over
// a name gives the hashes of all its suffixes. It is part of the image's format: control builds buckets with it, the
// dataplane probes them. The key is drawn anew for every image, so nobody outside can aim names at one bucket.
#pragma once

#include <cstdint>
#include <cstring>

namespace penstock::config {

// 64 x 64 -> 128 bit multiply, folded: the mixing step of the wyhash family.
inline uint64_t fold_multiply(uint64_t a, uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a) * b;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

inline uint64_t hash_of_root(uint64_t key) {
  return key ^ 0x9e3779b97f4a7c15ULL;
}

// `label` points at the length octet of a folded label; `length` is that octet's value, 1..63.
inline uint64_t extend_hash(uint64_t hash, const uint8_t* label, unsigned length) {
  const auto load = [](const uint8_t* from, unsigned n) {
    uint64_t value = 0;
    std::memcpy(&value, from, n);
    return value;
  };
  const uint8_t* at = label;  // the length octet takes part: "ab.c" and "a.bc" differ
  unsigned left = length + 1;
  while (left > 8) {
    hash = fold_multiply(hash ^ load(at, 8), 0xa0761d6478bd642fULL);
    at += 8;
    left -= 8;
  }
  // The remaining 1..8 octets in two overlapping or split loads of fixed size: no call to memcpy.
  uint64_t rest = 0;
  if (left >= 4) {
    rest = load(at, 4) | (load(at + left - 4, 4) << 32);
  } else {
    rest = at[0] | (uint64_t{at[left / 2]} << 8) | (uint64_t{at[left - 1]} << 16);
  }
  return fold_multiply(hash ^ rest, 0xe7037ed1a0b428dbULL ^ left);
}

}  // namespace penstock::config
