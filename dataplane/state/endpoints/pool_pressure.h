// dataplane/state/endpoints/pool_pressure.h - how much of their rate budgets the endpoints of a pool have left, together.
#pragma once

#include <cstdint>

namespace penstock::state {

// What one lcore last saw of all endpoints of a pool together (path/limits/admit.cpp).
struct PoolPressure {
  uint64_t look_at = 0;  // ns: when it is to be looked at again
  uint64_t rate = 0;     // queries/s
  uint32_t level = 0;    // of their buckets, of 2^16
};

}  // namespace penstock::state
