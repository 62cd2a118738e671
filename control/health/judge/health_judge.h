// control/health/judge/health_judge.h - from probe results to unknown, up or down: rise and fall; and whether TCP works. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "config/contract/endpoint_state.h"
#include "control/health/probe/probe.h"

namespace penstock::control {

class HealthJudge {
 public:
  HealthJudge(uint32_t rise, uint32_t fall) : rise_(rise), fall_(fall) {}

  // For a reload: the state and the counts so far stay.
  void set_thresholds(uint32_t rise, uint32_t fall) {
    rise_ = rise;
    fall_ = fall;
  }

  // True: state() or reason() changed.
  bool add_udp(const ProbeResult& result) {
    if (result.answered) {
      failures_ = 0;
      if (state_ == config::Health::up) return false;
      ++successes_;
      // An unknown endpoint is in use already: one answer is enough to say so.
      if (state_ == config::Health::down && successes_ < rise_) return false;
      return become(config::Health::up, "answers");
    }
    successes_ = 0;
    same_ = failures_ > 0 && result.reason == last_failure_;
    all_same_ = failures_ == 0 || (all_same_ && same_);
    last_failure_ = result.reason;
    errs_ = result.errs;
    ++failures_;
    if (failures_ < fall_) return false;
    const std::string times = std::to_string(fall_) + (fall_ == 1 ? " time" : " times");
    if (state_ != config::Health::down) {
      return become(config::Health::down,
                    all_same_ ? last_failure_ + ", " + times : "failed " + times + ", last: " + last_failure_);
    }
    // Down for another reason than before: worth knowing, told once it has lasted as long as a fall.
    same_failures_ = same_ ? same_failures_ + 1 : 1;
    if (same_failures_ != fall_) return false;
    return become(config::Health::down, last_failure_ + ", " + times);
  }

  // True: tcp_reason() changed. A failure while UDP fails too says nothing of TCP.
  bool add_tcp(const ProbeResult& result) {
    if (!result.answered && (failures_ > 0 || state_ == config::Health::down)) return false;
    const std::string before = tcp_reason_;
    tcp_failures_ = result.answered ? 0 : tcp_failures_ + 1;
    if (result.answered) {
      tcp_reason_.clear();
    } else if (tcp_failures_ >= kTcpFall) {
      tcp_reason_ = result.reason + " over TCP";
    }
    return tcp_reason_ != before;
  }

  config::Health state() const { return state_; }
  const std::string& reason() const { return reason_; }
  // Down, but the last probe was answered, with an error.
  bool errs() const { return state_ == config::Health::down && errs_; }
  // Empty: TCP works, or was not tried.
  const std::string& tcp_reason() const { return tcp_reason_; }

 private:
  // One lost connection is not "broken".
  static constexpr uint32_t kTcpFall = 2;

  bool become(config::Health state, std::string reason) {
    const bool changed = state != state_ || reason != reason_;
    if (state != state_) {
      successes_ = 0;
      same_failures_ = 0;
    }
    state_ = state;
    reason_ = std::move(reason);
    return changed;
  }

  uint32_t rise_;
  uint32_t fall_;
  config::Health state_ = config::Health::unknown;
  std::string reason_ = "not probed yet";
  uint32_t successes_ = 0;  // in a row
  uint32_t failures_ = 0;   // in a row
  uint32_t same_failures_ = 0;
  bool same_ = false;
  bool all_same_ = true;
  std::string last_failure_;
  bool errs_ = false;  // the last failure was an error that came
  uint32_t tcp_failures_ = 0;
  std::string tcp_reason_;
};

}  // namespace penstock::control
