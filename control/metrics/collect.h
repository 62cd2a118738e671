// control/metrics/collect.h - a view as metric families: which metrics there are, and what they are called.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <vector>

#include <prometheus/metric_family.h>

#include "control/view/status_view.h"

namespace penstock::control {

// Busy share of the lcores between two scrapes. Safe on several threads.
class BusyShare {
 public:
  // Of one lcore, 0 to 1, since the last call that was at least a second ago; since the start at first.
  double of(size_t lcore, uint64_t busy_cycles, uint64_t idle_cycles, std::chrono::steady_clock::time_point now);

 private:
  struct Sample {
    std::chrono::steady_clock::time_point at;
    uint64_t busy = 0;
    uint64_t idle = 0;
    double share = 0;
  };
  std::mutex mutex_;
  std::array<Sample, config::kMaxLcores> last_;
};

std::vector<prometheus::MetricFamily> collect(const StatusView& view, BusyShare& busy_share,
                                              std::chrono::system_clock::time_point now);

}  // namespace penstock::control
