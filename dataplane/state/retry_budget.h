// dataplane/state/retry_budget.h - how often one lcore may send a query again: a fifth of what a pool was asked in ten seconds.
//
// When all endpoints of a pool are slow, each query sent three times would triple the load that made them slow.
#pragma once

#include <array>
#include <cstdint>

#include "config/image.h"

namespace penstock::state {

class RetryBudget {
 public:
  // `pool`: index of the pool's first endpoint. `now` in ns.
  void count_query(uint32_t pool, uint64_t now) { ++current(pool, now).queries; }

  // True, and spent, when a retry is within the budget. A pool that is asked little may retry all the same.
  bool take(uint32_t pool, uint64_t now) {
    Second& second = current(pool, now);
    uint32_t queries = 0;
    uint32_t retries = 0;
    for (const Second& one : seconds_[pool]) {
      if (second.number - one.number >= kSeconds) continue;
      queries += one.queries;
      retries += one.retries;
    }
    if (retries >= kAlways + queries / 5) return false;
    ++second.retries;
    return true;
  }

 private:
  static constexpr uint32_t kSeconds = 10;
  static constexpr uint32_t kAlways = 10;

  struct Second {
    uint32_t number;
    uint32_t queries;
    uint32_t retries;
  };

  Second& current(uint32_t pool, uint64_t now) {
    const auto number = static_cast<uint32_t>(now >> 30);  // 1.07 s
    Second& second = seconds_[pool][number % kSeconds];
    if (second.number != number) second = {number, 0, 0};
    return second;
  }

  std::array<std::array<Second, kSeconds>, config::kMaxEndpoints> seconds_{};
};

}  // namespace penstock::state
