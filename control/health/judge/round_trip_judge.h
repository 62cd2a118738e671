// control/health/judge/round_trip_judge.h - is an endpoint slow? From the round trips of its UDP probes alone. Pure.
//
// Slow: the median of the last five probes is above four times what is usual and 100 ms above it. No longer slow: below twice
// the usual, or less than 50 ms above it. The usual is a mean over about half a minute of probes, at one a second; while the
// endpoint is slow it moves sixteen times as lazily, so that a path that stays longer becomes the usual one after some
// ten minutes. What clients' queries take is no part of it: that is decided by the names that they ask for.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <string>

namespace penstock::control {

class RoundTripJudge {
 public:
  // Of a probe that was answered.
  void add(std::chrono::microseconds round_trip) {
    last_[count_++ % last_.size()] = static_cast<double>(round_trip.count());
    if (count_ < last_.size()) return;
    auto sorted = last_;
    std::sort(sorted.begin(), sorted.end());
    const double median = sorted[sorted.size() / 2];
    if (usual_ == 0) usual_ = median;
    if (slow_) {
      slow_ = median > 2 * usual_ && median > usual_ + 50'000;
    } else if (median > 4 * usual_ && median > usual_ + 100'000) {
      slow_ = true;
      reason_ = "probes take " + in_ms(median) + " ms, usually " + in_ms(usual_) + " ms";
    }
    usual_ += (median - usual_) / (slow_ ? 512 : 32);
  }

  bool slow() const { return slow_; }
  const std::string& reason() const { return reason_; }  // of when it became slow

 private:
  static std::string in_ms(double us) { return std::to_string(std::max(1L, std::lround(us / 1000))); }

  std::array<double, 5> last_{};  // microseconds
  size_t count_ = 0;
  double usual_ = 0;  // 0: not known yet
  bool slow_ = false;
  std::string reason_;
};

}  // namespace penstock::control
