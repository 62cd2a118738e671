// dataplane/state/report_limit.h - how often one lcore reports the same thing: the ring of events is short, and all share it.
#pragma once

#include <array>
#include <cstdint>

#include "config/contract/event_ring.h"

namespace penstock::state {

class ReportLimit {
 public:
  static constexpr uint64_t kGapNs = 1'000'000'000;

  // The first time, and again when the last report of this kind and number is kGapNs old. `now` in ns. Numbers that are 64
  // apart share a place.
  bool may_report(config::EventKind kind, uint32_t number, uint64_t now) {
    uint64_t& next = next_[static_cast<size_t>(kind) % next_.size()][number % next_[0].size()];
    if (now < next) return false;
    next = now + kGapNs;
    return true;
  }

 private:
  std::array<std::array<uint64_t, 64>, 8> next_{};
};

}  // namespace penstock::state
