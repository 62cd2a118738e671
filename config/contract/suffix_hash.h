// config/contract/suffix_hash.h - the keyed hash of name suffixes that the rule image is built with and the packet path looks up by.
//
// A name is hashed from the root: the hash of a suffix extends the hash of the suffix one label shorter, so one pass over
// a name gives the hashes of all its suffixes. It is part of the image's format: control builds buckets with it, the
// dataplane probes them. The key is drawn anew for every image, so nobody outside can aim names at one bucket.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

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

// Of a folded wire name.
inline uint64_t hash_of_name(std::string_view name, uint64_t key) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(name.data());
  uint8_t offsets[128];
  unsigned labels = 0;
  for (size_t at = 0; at < name.size() && bytes[at] != 0 && labels < 128; at += bytes[at] + 1U)
    offsets[labels++] = static_cast<uint8_t>(at);
  uint64_t hash = hash_of_root(key);
  while (labels-- > 0) hash = extend_hash(hash, bytes + offsets[labels], bytes[offsets[labels]]);
  return hash;
}

// Of a name of a local zone: `name_hash` is the name's, `zone` its zone's index.
inline uint64_t local_hash(uint64_t name_hash, uint32_t zone) {
  return fold_multiply(name_hash ^ (uint64_t{zone} << 32 | 0x5bd1e995U), 0x8ebc6af09c88c6e3ULL);
}

}  // namespace penstock::config
