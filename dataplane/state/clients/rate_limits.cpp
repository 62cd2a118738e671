#include "dataplane/state/clients/rate_limits.h"

namespace penstock::state {

uint32_t RateTable::in_use(uint64_t now) const {
  uint32_t count = 0;
  for (uint32_t i = 0; i < kSets; ++i)
    for (const Place& place : sets_[i].places)
      count += place.spent_until.load(std::memory_order_relaxed) + RateBucket::kDepthNs > now ? 1 : 0;
  return count;
}

}  // namespace penstock::state
