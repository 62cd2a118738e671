// control/health/judge/traffic_judge.h - what clients' queries to an endpoint say of it. Pure.
//
// They say little for certain: names whose servers are silent, or answered SERVFAIL, look like a dead endpoint. So a share of
// them only makes suspicious(), which starts a probe, and one judgement needs the probes' consent:
//
// Throttled: in the last 10 s the endpoint left a tenth or more of at least 100 queries/s unanswered; at rates
// below (of a lower power of two) it had lately (some ten minutes) left at most 1 % unanswered; and among its last ten UDP probes two or more
// were lost and the next one was answered. Whoever drops by rate - a security group that tracks connections, an endpoint at its
// limit - drops probes like any query; nobody's choice of names does, and an outage is one loss, not many. It cannot tell
// this from a path that loses packets when it is full, or that flaps. No longer throttled: below 2 % unanswered, or ten probes
// in a row answered.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace penstock::control {

// Since the sample before.
struct TrafficSample {
  double seconds = 0;
  uint64_t queries = 0;
  uint64_t responses = 0;
  uint64_t timeouts = 0;
  uint64_t failures = 0;  // of the responses: SERVFAIL and REFUSED
};

class TrafficJudge {
 public:
  void add(const TrafficSample&);
  // Of every UDP probe.
  void add_probe(bool answered);

  // Half of at least three queries went wrong, since the last sample or in about two seconds.
  bool suspicious() const { return suspicious_; }
  // Some query was answered well since the last sample.
  bool answers() const { return answers_; }
  bool throttled() const { return throttled_; }
  const std::string& reason() const { return reason_; }  // of when it became throttled

 private:
  struct Share {
    double all = 0;
    double unanswered = 0;
    double value() const { return all > 0 ? unanswered / all : 0; }
  };
  void judge();

  static constexpr size_t kShort = 5;   // samples, some two seconds
  static constexpr size_t kLong = 25;   // some ten
  static constexpr size_t kBands = 24;  // band b: below 2^b queries/s
  std::array<TrafficSample, kLong> last_{};
  size_t count_ = 0;
  std::array<Share, kBands> bands_{};
  std::array<bool, 10> probe_lost_{};
  size_t probes_ = 0;
  bool suspicious_ = false;
  bool answers_ = false;
  bool throttled_ = false;
  std::string reason_;
};

}  // namespace penstock::control
