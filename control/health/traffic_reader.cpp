#include "control/health/traffic_reader.h"

namespace penstock::control {

std::vector<std::pair<EndpointId, TrafficSample>> TrafficReader::read(
    const config::CounterPage& page, const std::map<EndpointId, config::EndpointSlot>& slots, Time now) {
  std::vector<std::pair<EndpointId, TrafficSample>> samples;
  std::map<EndpointId, Totals> current;
  for (const auto& [id, slot] : slots) {
    Totals totals{slot, page.started_at, now, {}};
    TrafficSample& sum = totals.counted;
    for (uint32_t i = 0; i < page.lcores; ++i) {
      const config::EndpointCounters& one = page.lcore[i].endpoints[slot];
      sum.queries += one.queries.get();
      sum.responses += one.responses.get();
      sum.timeouts += one.timeouts.get();
      sum.failures += one.servfails.get() + one.refused.get();
    }
    const auto old = before_.find(id);
    if (old != before_.end() && old->second.slot == slot && old->second.page_started_at == page.started_at) {
      const TrafficSample& then = old->second.counted;
      samples.emplace_back(id, TrafficSample{std::chrono::duration<double>(now - old->second.at).count(),
                                             sum.queries - then.queries, sum.responses - then.responses,
                                             sum.timeouts - then.timeouts, sum.failures - then.failures});
    }
    current.emplace(id, totals);
  }
  before_ = std::move(current);
  return samples;
}

}  // namespace penstock::control
