#include "control/metrics/collect_parts.h"

#include <array>
#include <map>
#include <string>

#include "control/events/event_text.h"

namespace penstock::control {
namespace {

using config::ClientLatency;
using config::CounterPage;

struct Waited {
  MetricList::Buckets buckets{};
  uint64_t us = 0;

  void add(const ClientLatency& latency) {
    for (size_t i = 0; i < buckets.size(); ++i) buckets[i] += latency.buckets[i].get();
    us += latency.us.get();
  }
};

void add_latency(MetricList& list, const StatusView& view) {
  std::array<Waited, config::kAnsweredBy> by;
  std::map<std::string, Waited> pools;
  for (const config::LcoreCounters& lcore : lcores_of(*view.page)) {
    for (size_t who = 0; who < by.size(); ++who) by[who].add(lcore.client_latency[who]);
    for (const EndpointView& endpoint : view.endpoints)
      if (endpoint.slot && lcore.endpoints.has(*endpoint.slot))
        pools[endpoint.health.id.pool].add(lcore.endpoints[*endpoint.slot].client_latency);
  }
  const auto add = [&](const char* answered_by, const std::string& pool, const Waited& of) {
    list.latency("penstock_client_latency_seconds", {{"answered_by", answered_by}, {"pool", pool}}, of.buckets,
                 number(of.us) / 1e6);
  };
  for (const auto& [pool, waited] : pools) add("endpoint", pool, waited);
  for (size_t who = 0; who < by.size(); ++who)
    if (static_cast<config::AnsweredBy>(who) != config::AnsweredBy::endpoint)
      add(kAnsweredByNames[who].name, "", by[who]);
}

void add_types(MetricList& list, const CounterPage& page) {
#define PENSTOCK_NAME(name, number) #name,
  static constexpr const char* kTypes[] = {PENSTOCK_COUNTED_TYPES(PENSTOCK_NAME)};
#undef PENSTOCK_NAME
  static constexpr const char* kTransports[] = {"udp", "tcp"};
  for (size_t transport = 0; transport < std::size(kTransports); ++transport) {
    for (size_t type = 0; type < config::kCountedTypes; ++type) {
      uint64_t sum = 0;
      for (const config::LcoreCounters& lcore : lcores_of(page)) sum += lcore.types[transport][type].get();
      list.add("penstock_client_queries_total", {{"transport", kTransports[transport]}, {"type", kTypes[type]}},
               number(sum));
    }
  }
}

void add_rule_answers(MetricList& list, const StatusView& view) {
  for (const RuleAnswers& one : view.rule_answers)
    for (size_t i = 0; i < one.rcodes.size(); ++i)
      list.add("penstock_rule_answers_total", {{"rule", one.rule}, {"zone", one.zone}, {"rcode", kCountedRcodes[i]}},
               number(one.rcodes[i]));
  list.add("penstock_rule_answers_missed_total", {}, number(view.rule_answers_missed));
}

void add_limits(MetricList& list, const CounterPage& page) {
  list.add("penstock_policed_clients", {}, number(page.policed_clients.get()));
  list.add("penstock_policed_queries_total", {}, number(page.policed_dropped.get()));
  for (const auto& [table, used] : {std::pair{"clients", &page.rates_used}, {"answers", &page.answer_rates_used}}) {
    list.add("penstock_rate_buckets", {{"table", table}}, number(used->get()));
    list.add("penstock_rate_buckets_limit", {{"table", table}}, page.rate_capacity);
  }
}

void add_events(MetricList& list, const StatusView& view) {
  for (size_t kind = 0; kind < kEventKinds; ++kind)
    list.add("penstock_events_total", {{"kind", to_string(static_cast<config::EventKind>(kind))}},
             number(view.event_counts[kind]));
  list.add("penstock_events_missed_total", {}, number(view.events_missed));
}

}  // namespace

void add_clients(MetricList& list, const StatusView& view) {
  list.add("penstock_query_log_written_lines_total", {}, number(view.query_log.sent));
  list.add("penstock_query_log_lost_lines_total", {}, number(view.query_log.lost));
  list.add("penstock_query_log_failed", {}, view.query_log.failure.empty() ? 0 : 1);
  list.add("penstock_dnstap_sent_queries_total", {}, number(view.dnstap.sent));
  list.add("penstock_dnstap_lost_queries_total", {}, number(view.dnstap.lost));
  list.add("penstock_dnstap_failed", {}, view.dnstap.failure.empty() ? 0 : 1);
  add_events(list, view);
  add_rule_answers(list, view);
  if (!view.page) return;
  add_latency(list, view);
  add_types(list, *view.page);
  add_limits(list, *view.page);
}

}  // namespace penstock::control
