// control/metrics/collect_parts.h - the collectors, by what they are about. Each adds families of the table (families.h) to the list.
#pragma once

#include <chrono>

#include "control/metrics/collect.h"
#include "control/metrics/metric_list.h"
#include "control/view/status_view.h"

namespace penstock::control {

// Who asked, what they got, and how long they waited.
void add_clients(MetricList& list, const StatusView& view);
void add_endpoints(MetricList& list, const StatusView& view);
// TCP, reassembled UDP and zone transfers.
void add_slow_lane(MetricList& list, const config::SlowCounters& slow);
void add_rules(MetricList& list, const StatusView& view, std::chrono::system_clock::time_point now);
void add_processes(MetricList& list, const StatusView& view);

inline double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}
inline double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}
inline double number(uint64_t value) {
  return static_cast<double>(value);
}

// Of all lcores: the sum of the counters that `pick` takes.
template <typename Pick>
uint64_t total(const config::CounterPage& page, Pick pick) {
  uint64_t sum = 0;
  for (const config::LcoreCounters& lcore : lcores_of(page)) sum += pick(lcore).get();
  return sum;
}

}  // namespace penstock::control
