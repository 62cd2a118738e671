// control/events/event_log.h - writes events of the dataplane to the log, not more of one sort than can be read, and keeps the
// last ones for `penstockctl status`.
//
// Of one kind and rule the first event is written at once, then at most one in 10 s with the number of those left out. Time
// is the caller's.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "config/contract/event_ring.h"

namespace penstock::control {

using config::kEventKinds;

struct WrittenEvent {
  std::chrono::system_clock::time_point at;
  config::EventKind kind{};
  std::string text;
  uint64_t left_out = 0;  // events of this sort since the one written before
};

class EventLog {
 public:
  using Time = std::chrono::steady_clock::time_point;
  static constexpr size_t kKept = 16;
  static constexpr size_t kMaxSorts = 256;  // kinds of rules that are told apart; further ones share one quota
  static constexpr std::chrono::seconds kPause{10};

  void add(const config::Event&, std::string text, Time now);
  // Of rules that nobody here knows any more: only counted.
  void count(const config::Event&);
  // Writes what was held back and is due. Call it now and then.
  void flush(Time now);

  const std::deque<WrittenEvent>& last() const { return last_; }  // the newest at the end
  // By kind, written or not.
  const std::array<uint64_t, kEventKinds>& counts() const { return counts_; }

 private:
  using Sort = std::pair<config::EventKind, uint32_t>;
  struct Quota {
    Time next;
    uint64_t left_out = 0;
    std::string text;  // of the last one that was left out
  };
  void write(config::EventKind, std::string text, uint64_t left_out);

  std::map<Sort, Quota> quotas_;
  std::deque<WrittenEvent> last_;
  std::array<uint64_t, kEventKinds> counts_{};
};

}  // namespace penstock::control
