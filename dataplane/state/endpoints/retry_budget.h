// dataplane/state/endpoints/retry_budget.h - how often one lcore may send a query again: a fifth of what a pool was asked in ten seconds.
//
// When all endpoints of a pool are slow, each query sent three times would triple the load that made them slow. Ten retries a
// second are always allowed. And a pool that has only begun to be asked may spend early what its ten seconds will have earned
// at this rate, within a limit: a start is not punished, and after ten seconds it is a fifth all the same.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "config/contract/image.h"

namespace penstock::state {

class RetryBudget {
 public:
  static constexpr uint32_t kSeconds = 10;
  static constexpr uint32_t kAlways = 10 * kSeconds;
  static constexpr uint64_t kMostEarly = 1000;

  // `pool`: by the slot of its first endpoint, which stays the pool's when rules are reloaded. `now` in ns.
  void count_query(config::EndpointSlot pool, uint64_t now) { ++current(pool, now).queries; }

  // Is there a retry left in the budget?
  bool has_left(config::EndpointSlot pool, uint64_t now) {
    const Second& second = current(pool, now);
    uint64_t queries = 0;
    uint64_t retries = 0;
    uint32_t asked_for = 1;  // seconds
    for (const Second& one : seconds_[pool]) {
      const uint32_t ago = second.number - one.number;
      if (ago >= kSeconds) continue;
      queries += one.queries;
      retries += one.retries;
      if (one.queries != 0) asked_for = std::max(asked_for, ago + 1);
    }
    const uint64_t earned = queries / 5;
    const uint64_t early = std::min(earned * (kSeconds - asked_for) / asked_for, kMostEarly);
    return retries < kAlways + earned + early;
  }
  // One was sent.
  void spend(config::EndpointSlot pool, uint64_t now) { ++current(pool, now).retries; }

 private:
  struct Second {
    uint32_t number;
    uint32_t queries;
    uint32_t retries;
  };

  Second& current(config::EndpointSlot pool, uint64_t now) {
    const auto number = static_cast<uint32_t>(now >> 30);  // 1.07 s
    Second& second = seconds_[pool][number % kSeconds];
    if (second.number != number) second = {number, 0, 0};
    return second;
  }

  config::IndexedArray<config::EndpointSlot, std::array<Second, kSeconds>, config::kMaxEndpoints> seconds_{};
};

}  // namespace penstock::state
