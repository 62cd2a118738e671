// control/health/judge/case_judge.h - does an endpoint repeat the letters of a name as they were asked? From its answers to UDP probes
// whose names are in mixed case, in other letters each time. Pure.
//
// It does once three answers in a row had them. It does not after one that has not; then sixty in a row are asked for, as it may be
// several servers that differ. A server may have no answer for such a name at all: what is asked after a probe without an answer
// is in small letters, and if only these are answered, mixed case rests for a minute.
#pragma once

#include <cstdint>
#include <string>

#include "config/contract/endpoint_state.h"

namespace penstock::control {

class CaseJudge {
 public:
  static constexpr uint32_t kRise = 3;
  static constexpr uint32_t kRiseAgain = 60;
  static constexpr uint32_t kSilent = 3;  // answers to small letters alone, with none to mixed case between
  static constexpr uint32_t kRest = 60;   // probes

  bool next_is_mixed() const { return !in_doubt_ && rest_ == 0; }
  // Whether a probe without an answer says that the endpoint is down: not if it may be for its letters.
  bool counts(bool mixed) const { return !mixed || echo_ == config::kCaseRepeated; }

  // A probe's result; `echoed`: its letters came back as they were.
  void add(bool mixed, bool answered, bool echoed) {
    if (!answered) {
      in_doubt_ = in_doubt_ || mixed;
      return;
    }
    if (!mixed) {
      if (rest_ > 0) --rest_;
      if (in_doubt_ && ++silent_ >= kSilent) {
        lapse("does not answer names in mixed case");
        rest_ = kRest;
      }
      in_doubt_ = false;
      return;
    }
    silent_ = 0;
    if (!echoed) return lapse("changes the case of names");
    if (++streak_ < (has_lapsed_ ? kRiseAgain : kRise)) return;
    echo_ = config::kCaseRepeated;
    reason_.clear();
  }

  uint8_t echo() const { return echo_; }                 // EndpointState::echoes_case
  const std::string& reason() const { return reason_; }  // why not; empty: it does

 private:
  void lapse(const char* reason) {
    streak_ = silent_ = 0;
    has_lapsed_ = true;
    echo_ = config::kCaseChanged;
    reason_ = reason;
  }

  uint8_t echo_ = config::kCaseUnknown;
  std::string reason_ = "not known yet";
  uint32_t streak_ = 0;  // answers that had the letters, in a row
  uint32_t silent_ = 0;
  uint32_t rest_ = 0;      // probes in small letters that are to be answered before the next in mixed case
  bool in_doubt_ = false;  // the last one in mixed case had no answer
  bool has_lapsed_ = false;
};

}  // namespace penstock::control
