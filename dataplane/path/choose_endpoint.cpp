#include "dataplane/path/choose_endpoint.h"

namespace penstock::path {
namespace {

constexpr uint64_t kUnreachable = ~uint64_t{0};

// Lower is better. The upper half says how willing we are, the lower how busy it is; below 2^32 nothing speaks against it.
uint64_t cost(const state::Lcore& lcore, uint32_t endpoint, std::span<const uint16_t> asked) {
  const state::EndpointHop& hop = lcore.hops[endpoint];
  if (!hop.reachable) return kUnreachable;
  uint64_t reluctance = 0;
  for (const uint16_t slot : asked) reluctance = slot == hop.slot ? 1 : reluctance;
  if (hop.down && !lcore.control_silent) reluctance = 2;
  if (hop.drained) reluctance = 3;
  return reluctance << 32 | lcore.outstanding[hop.slot];
}

}  // namespace

uint32_t choose_endpoint(state::Lcore& lcore, const config::ImagePool& pool, std::span<const uint16_t> asked) {
  const uint32_t count = pool.endpoint_count;
  const uint32_t number = lcore.random.next();
  const uint32_t one = (number & 0xffff) * count >> 16;
  uint32_t best = pool.first_endpoint + one;
  uint64_t lowest = cost(lcore, best, asked);
  if (count > 1) {
    uint32_t other = (number >> 16) * (count - 1) >> 16;
    other += other >= one ? 1 : 0;
    if (const uint64_t its = cost(lcore, pool.first_endpoint + other, asked); its < lowest) {
      lowest = its;
      best = pool.first_endpoint + other;
    }
  }
  if (lowest >> 32 == 0) return best;
  // Something speaks against both: look at all of them.
  for (uint32_t i = 0; i < count; ++i) {
    const uint64_t its = cost(lcore, pool.first_endpoint + i, asked);
    if (its >= lowest) continue;
    lowest = its;
    best = pool.first_endpoint + i;
  }
  return lowest == kUnreachable ? kNoEndpoint : best;
}

}  // namespace penstock::path
