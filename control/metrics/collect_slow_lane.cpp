#include "control/metrics/collect_parts.h"
#include "control/metrics/slow_series.h"

namespace penstock::control {

void add_slow_lane(MetricList& list, const config::SlowCounters& slow) {
  for (const SlowSeries& one : kSlowSeries) {
    MetricList::Labels labels;
    if (one.label != nullptr) labels.emplace_back(one.label, one.value);
    list.add(FamilyName(find_family(one.family)), std::move(labels), number(slow[one.counter].get()));
  }
  for (size_t i = 0; i < config::kSlowGauges; ++i)
    list.add(FamilyName(find_family(kSlowLevels[i])), {}, number(slow.gauges[i].get()));
  list.add("penstock_tcp_connections_limit", {}, slow.most_connections);
  list.add("penstock_tcp_buffered_bytes_limit", {}, number(slow.most_buffered));
}

}  // namespace penstock::control
