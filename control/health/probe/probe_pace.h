// control/health/probe/probe_pace.h - no endpoint gets more than two probe queries in any second, whatever asks for them; and how
// long one that is down is left alone. Pure.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace penstock::control {

class ProbePace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void sent(Time now) {
    before_last_ = last_;
    last_ = now;
  }
  // The next one may leave then.
  Time earliest() const { return before_last_ + std::chrono::seconds(1); }

 private:
  Time last_{};
  Time before_last_{};
};

// To the next probe of an endpoint that has failed `failures` of them since it went down: 1, 2, 4, 8 intervals, at most 10 s
// (or the interval, when that is longer); up to a quarter less, by `random` in [0, 1).
inline std::chrono::microseconds down_gap(std::chrono::milliseconds interval, uint32_t failures, double random) {
  const std::chrono::microseconds longest = std::max<std::chrono::milliseconds>(interval, std::chrono::seconds(10));
  const std::chrono::microseconds gap =
      std::min<std::chrono::microseconds>(longest, interval * (int64_t{1} << std::min(failures, 20U)));
  return std::chrono::microseconds(static_cast<int64_t>(static_cast<double>(gap.count()) * (1 - random / 4)));
}

}  // namespace penstock::control
