// dataplane/state/endpoints/alias_table.h - draws one of n by weight with one random number and one comparison (Walker's alias method).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace penstock::state {

// One of the n equal parts that a draw may fall into: below `keep` it is the part's own number, else `other`.
struct AliasPart {
  uint32_t keep;  // of 2^32
  uint32_t other;
};

// Fills `parts` so that draw() gives i with probability weights[i] / sum(weights). As many parts as weights, at most kMost; the
// sum is not 0.
constexpr size_t kMostParts = 1024;
inline void fill_alias_parts(std::span<const uint32_t> weights, std::span<AliasPart> parts) {
  const uint64_t count = weights.size();
  uint64_t sum = 0;
  for (const uint32_t weight : weights) sum += weight;
  // In units of 1/count of a weight an average part holds `sum`: what lies below it is filled up by what lies above.
  std::array<uint64_t, kMostParts> held;
  std::array<uint16_t, kMostParts> order;  // parts below the average from the left, the others from the right
  size_t poor = 0;
  size_t rich = count;
  for (size_t i = 0; i < count; ++i) {
    held[i] = weights[i] * count;
    order[held[i] < sum ? poor++ : --rich] = static_cast<uint16_t>(i);
  }
  while (poor > 0 && rich < count) {
    const uint16_t low = order[--poor];
    const uint16_t high = order[rich];
    parts[low] = {static_cast<uint32_t>((held[low] << 20) / sum << 12), high};
    held[high] -= sum - held[low];
    if (held[high] < sum) {
      ++rich;
      order[poor++] = high;
    }
  }
  for (; poor > 0; --poor) parts[order[poor - 1]] = {0xffffffff, order[poor - 1]};
  for (; rich < count; ++rich) parts[order[rich]] = {0xffffffff, order[rich]};
}

// `number`: evenly distributed over 64 bits.
inline uint32_t draw(std::span<const AliasPart> parts, uint64_t number) {
  const auto at = static_cast<uint32_t>(((number >> 32) * parts.size()) >> 32);
  return static_cast<uint32_t>(number) < parts[at].keep ? at : parts[at].other;
}

}  // namespace penstock::state
