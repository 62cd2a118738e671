// dataplane/path/frame/checksum.h - the Internet checksum (RFC 1071), always over all bytes: what a virtual port hands over may be
// only a pseudo-header's sum, so there is nothing to update incrementally.
#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/state/flights/pending.h"

namespace penstock::path {

// One's complement sum of `length` bytes in memory order, not folded. Add up to 2^16 of them before folding.
inline uint64_t ones_sum(const uint8_t* bytes, unsigned length) {
  uint64_t sum = 0;
  for (; length >= 8; bytes += 8, length -= 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, 8);
    sum += word;
    sum += sum < word ? 1 : 0;  // the carry comes round: 2^64 is 1 modulo 2^16 - 1
  }
  sum = (sum & 0xffffffff) + (sum >> 32);
  if (length >= 4) {
    uint32_t word = 0;
    std::memcpy(&word, bytes, 4);
    sum += word;
    bytes += 4;
    length -= 4;
  }
  if (length >= 2) {
    uint16_t half = 0;
    std::memcpy(&half, bytes, 2);
    sum += half;
    bytes += 2;
    length -= 2;
  }
  return length != 0 ? sum + *bytes : sum;  // an odd last byte counts as the first of a pair
}

// 16 bits in memory order.
inline uint16_t fold_sum(uint64_t sum) {
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffffffff) + (sum >> 32);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(sum);
}

// The pseudo-header of RFC 768 and RFC 8200 section 8.1; its sum is the same for both: length and protocol are small.
inline uint64_t pseudo_header_sum(unsigned family, const uint8_t* source, const uint8_t* destination,
                                  unsigned udp_length) {
  const unsigned size = family == 4 ? 4 : 16;
  const uint64_t length_and_protocol = __builtin_bswap16(static_cast<uint16_t>(udp_length)) + uint64_t{17 << 8};
  return ones_sum(source, size) + ones_sum(destination, size) + length_and_protocol;
}

}  // namespace penstock::path
