// config/contract/loop_label.h - the first label of a loop probe: control sends such names into its pools, the dataplane knows them again.
//
//   pnstk-0003-00c0ffee00c0ffee     the probe sent to pool 3 (Model::pools) under the rules with this token
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>

#include "config/contract/indices/index.h"

namespace penstock::config {

constexpr size_t kLoopLabelLength = 27;  // octets, the length octet not counted
using LoopLabel = std::array<uint8_t, kLoopLabelLength>;

// Folded already. `pool`: one of less than 65536; `token`: ImageHeader::loop_token.
constexpr LoopLabel loop_label(PoolIndex pool, uint64_t token) {
  constexpr char kDigits[] = "0123456789abcdef";
  LoopLabel label{'p', 'n', 's', 't', 'k', '-'};
  for (unsigned i = 0; i < 4; ++i) label[6 + i] = static_cast<uint8_t>(kDigits[pool.value() >> (12 - 4 * i) & 0xf]);
  label[10] = '-';
  for (unsigned i = 0; i < 16; ++i) label[11 + i] = static_cast<uint8_t>(kDigits[token >> (60 - 4 * i) & 0xf]);
  return label;
}

// The pool that a probe with this folded first label was sent to; nothing when it is not a probe of these rules. The number
// is the sender's word: it may name no pool of ours.
inline std::optional<PoolIndex> pool_of_loop_label(std::span<const uint8_t> label, uint64_t token) {
  if (label.size() != kLoopLabelLength || std::memcmp(label.data(), "pnstk-", 6) != 0) return std::nullopt;
  uint32_t number = 0;
  for (const uint8_t digit : label.subspan(6, 4)) {
    const uint32_t value = digit >= 'a' ? digit - 'a' + 10U : digit - '0';
    if (value > 0xf) return std::nullopt;
    number = number << 4 | value;
  }
  const PoolIndex pool{number};
  const LoopLabel expected = loop_label(pool, token);
  if (std::memcmp(label.data(), expected.data(), kLoopLabelLength) != 0) return std::nullopt;
  return pool;
}

}  // namespace penstock::config
