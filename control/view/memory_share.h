// control/view/memory_share.h - how many of the queries for pools were answered from memory: since the start, and of late.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

#include "config/contract/counters.h"

namespace penstock::control {

struct MemoryShare {
  uint64_t queries = 0;  // that a pool's endpoints would have been asked without a memory
  uint64_t from_memory =
      0;  // those of them that were answered at once: fresh, expired, or by a failure that is remembered
  // Empty: there were no queries.
  std::optional<double> ratio() const {
    if (queries == 0) return std::nullopt;
    return static_cast<double>(from_memory) / static_cast<double>(queries);
  }
};

MemoryShare memory_share(const config::CounterPage&);

// The last ten seconds of it.
class RecentMemoryShare {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void add(const MemoryShare& now, Time);
  MemoryShare get() const;
  // The counters begin anew.
  void forget() { samples_.clear(); }

 private:
  struct Sample {
    Time at;
    MemoryShare share;
  };
  std::deque<Sample> samples_;
};

}  // namespace penstock::control
