// control/health/probe/probe_schedule.h - when an endpoint's probes are sent. Pure; the caller brings time and
// randomness.
//
// Two bounds meet here. A dead endpoint must be known after fall x interval + time-out, so jitter only
// shortens the gap between UDP probes (to 0.88-0.97 of the interval). No endpoint gets more than 2 probe
// queries a second, UDP and TCP together: a TCP probe goes out in the middle of every fourth gap, which is
// then a full interval long; below an interval of 1 s in fewer gaps; and intervals below kShortestInterval
// are lengthened to it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

namespace penstock::control {

class ProbeSchedule {
 public:
  using Duration = std::chrono::microseconds;

  static constexpr std::chrono::milliseconds kShortestInterval{600};
  static constexpr double kLimit = 2.0;  // probe queries a second to one endpoint
  static constexpr double kShortestGap = 0.88;
  static constexpr double kLongestGap = 0.97;

  struct Gap {
    Duration length;        // to the next UDP probe
    bool with_tcp = false;  // a TCP probe in its middle
  };

  explicit ProbeSchedule(std::chrono::milliseconds interval) : interval_(std::max(interval, kShortestInterval)) {
    // At the highest UDP rate r, a TCP probe every n gaps makes r + r/n: at most kLimit.
    const double rate = 1e6 / (static_cast<double>(interval_.count()) * kShortestGap);
    const double fewest = rate < kLimit ? std::ceil(rate / (kLimit - rate)) : 1e6;
    gaps_per_tcp_ = std::max<uint32_t>(4, static_cast<uint32_t>(fewest));
  }

  // Before the first UDP probe: endpoints that start together are spread. `random` is uniform in [0, 1).
  Duration first(double random) const {
    const Duration longest = std::min<Duration>(interval_ / 4, std::chrono::milliseconds(250));
    return scaled(longest, random);
  }

  // The gap after a UDP probe.
  Gap next(double random) {
    if (gap_++ % gaps_per_tcp_ == 0) return {interval_, true};
    return {scaled(interval_, kShortestGap + (kLongestGap - kShortestGap) * random), false};
  }

  uint32_t gaps_per_tcp() const { return gaps_per_tcp_; }

 private:
  static Duration scaled(Duration duration, double factor) {
    return Duration(static_cast<int64_t>(static_cast<double>(duration.count()) * factor));
  }

  Duration interval_;
  uint32_t gaps_per_tcp_ = 4;
  uint32_t gap_ = 0;
};

}  // namespace penstock::control
