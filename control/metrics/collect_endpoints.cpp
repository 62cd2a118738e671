#include "control/metrics/collect_parts.h"

namespace penstock::control {
namespace {

using config::Counter;
using config::CounterPage;
using config::EndpointCounters;
using Labels = MetricList::Labels;

void add_probes(MetricList& list, const Labels& labels, const char* protocol, const ProbeCounters& probes) {
  Labels with = labels;
  with.emplace_back("protocol", protocol);
  list.add("penstock_endpoint_probes_total", with, number(probes.sent));
  list.add("penstock_endpoint_probe_failures_total", with, number(probes.failed));
  if (probes.round_trip) list.add("penstock_endpoint_probe_round_trip_seconds", with, seconds(*probes.round_trip));
}

struct Row {
  FamilyName metric;
  Counter EndpointCounters::*counter;
};
constexpr Row kRows[] = {{"penstock_endpoint_queries_total", &EndpointCounters::queries},
                         {"penstock_endpoint_responses_total", &EndpointCounters::responses},
                         {"penstock_endpoint_timeouts_total", &EndpointCounters::timeouts},
                         {"penstock_endpoint_servfails_total", &EndpointCounters::servfails},
                         {"penstock_endpoint_refused_responses_total", &EndpointCounters::refused},
                         {"penstock_endpoint_over_budget_queries_total", &EndpointCounters::over_budget},
                         {"penstock_endpoint_odd_responses_total", &EndpointCounters::odd_responses},
                         {"penstock_endpoint_tcp_queries_total", &EndpointCounters::stream_queries},
                         {"penstock_endpoint_tcp_responses_total", &EndpointCounters::stream_responses},
                         {"penstock_endpoint_tcp_timeouts_total", &EndpointCounters::stream_timeouts}};

void add_traffic(MetricList& list, const Labels& labels, const CounterPage& page, config::EndpointSlot slot) {
  const auto sum = [&](auto pick) {
    return total(page,
                 [&](const config::LcoreCounters& lcore) -> const Counter& { return pick(lcore.endpoints[slot]); });
  };
  for (const Row& row : kRows)
    list.add(row.metric, labels,
             number(sum([&](const EndpointCounters& one) -> const Counter& { return one.*row.counter; })));
  const bool without_edns = sum([](const EndpointCounters& one) -> const Counter& { return one.without_edns; }) != 0;
  list.add("penstock_endpoint_without_edns", labels, without_edns ? 1 : 0);
  list.add("penstock_endpoint_tcp_connection_use", labels, number(page.slow.stream_use[slot].get()));
  list.add("penstock_endpoint_queries_per_second", labels, number(page.endpoint_rate[slot].get()));
  MetricList::Buckets buckets{};
  for (size_t i = 0; i < buckets.size(); ++i)
    buckets[i] = sum([i](const EndpointCounters& one) -> const Counter& { return one.latency[i]; });
  list.latency("penstock_endpoint_latency_seconds", labels, buckets,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.latency_ns; })) / 1e9);
}

void add_endpoint(MetricList& list, const EndpointView& endpoint, const CounterPage* page) {
  const EndpointHealth& health = endpoint.health;
  const Labels labels = {{"pool", health.id.pool}, {"address", config::to_string(health.id.address)}};
  list.add("penstock_endpoint_up", labels, health.state == config::Health::down ? 0 : 1);
  for (const Condition condition : kConditions) {
    Labels with = labels;
    with.emplace_back("state", to_string(condition));
    list.add("penstock_endpoint_state", with, health.condition == condition ? 1 : 0);
  }
  list.add("penstock_endpoint_state_timestamp_seconds", labels, unix_seconds(health.since));
  list.add("penstock_endpoint_drained", labels, endpoint.state.drained != 0 ? 1 : 0);
  list.add("penstock_endpoint_reachable", labels, endpoint.state.reachable != 0 ? 1 : 0);
  list.add("penstock_endpoint_budget_queries_per_second", labels, endpoint.budget);
  add_probes(list, labels, "udp", health.udp);
  add_probes(list, labels, "tcp", health.tcp);
  if (page == nullptr || !endpoint.slot || !page->endpoint_rate.has(*endpoint.slot)) return;
  if (endpoint.budget > 0)
    list.add("penstock_endpoint_budget_used_ratio", labels,
             number(page->endpoint_rate[*endpoint.slot].get()) / endpoint.budget);
  add_traffic(list, labels, *page, *endpoint.slot);
}

}  // namespace

void add_endpoints(MetricList& list, const StatusView& view) {
  for (const EndpointView& endpoint : view.endpoints) add_endpoint(list, endpoint, view.page.get());
}

}  // namespace penstock::control
