#include "control/metrics/collect_clients.h"

#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <string>

#include "config/contract/counters.h"

namespace penstock::control {
namespace {

using config::ClientLatency;
using config::CounterPage;

struct Histogram {
  std::array<uint64_t, config::kLatencyBuckets> buckets{};
  uint64_t us = 0;

  void add(const ClientLatency& latency) {
    for (size_t i = 0; i < buckets.size(); ++i) buckets[i] += latency.buckets[i].get();
    us += latency.us.get();
  }
};

void add_histogram(MetricList& list, const char* answered_by, const std::string& pool, const Histogram& of) {
  auto& histogram = list.histogram(
      "penstock_client_latency_seconds",
      "Time from a client's query to its answer, by who answered. endpoint: an endpoint's response. cache: the answer "
      "cache. stale: an expired answer, as no endpoint could. ours: Penstock itself, errors included. Buckets are "
      "powers of two of a microsecond; what is answered in the turn in which it came counts as 0.",
      {{"answered_by", answered_by}, {"pool", pool}});
  uint64_t cumulative = 0;
  for (size_t i = 0; i < of.buckets.size(); ++i) {
    cumulative += of.buckets[i];
    const bool last = i + 1 == of.buckets.size();
    const double bound = last ? std::numeric_limits<double>::infinity() : std::ldexp(1e-6, static_cast<int>(i));
    histogram.bucket.push_back({cumulative, bound});
  }
  histogram.sample_count = cumulative;
  histogram.sample_sum = static_cast<double>(of.us) / 1e6;
}

void add_latency(MetricList& list, const StatusView& view) {
#define PENSTOCK_NAME(name, help) #name,
  static constexpr const char* kNames[] = {PENSTOCK_ANSWERED_BY(PENSTOCK_NAME)};
#undef PENSTOCK_NAME
  const CounterPage& page = *view.page;
  std::array<Histogram, config::kAnsweredBy> by;
  std::map<std::string, Histogram> pools;
  for (uint32_t i = 0; i < page.lcores; ++i) {
    const config::LcoreCounters& lcore = page.lcore[i];
    for (size_t who = 0; who < by.size(); ++who) by[who].add(lcore.client_latency[who]);
    for (const EndpointView& endpoint : view.endpoints)
      if (endpoint.slot && lcore.endpoints.has(*endpoint.slot))
        pools[endpoint.health.id.pool].add(lcore.endpoints[*endpoint.slot].client_latency);
  }
  for (const auto& [pool, histogram] : pools) add_histogram(list, "endpoint", pool, histogram);
  for (size_t who = 0; who < by.size(); ++who)
    if (static_cast<config::AnsweredBy>(who) != config::AnsweredBy::endpoint)
      add_histogram(list, kNames[who], "", by[who]);
}

void add_types(MetricList& list, const CounterPage& page) {
#define PENSTOCK_NAME(name, number) #name,
  static constexpr const char* kTypes[] = {PENSTOCK_COUNTED_TYPES(PENSTOCK_NAME)};
#undef PENSTOCK_NAME
  static constexpr const char* kTransports[] = {"udp", "tcp"};
  for (size_t transport = 0; transport < std::size(kTransports); ++transport) {
    for (size_t type = 0; type < config::kCountedTypes; ++type) {
      uint64_t sum = 0;
      for (uint32_t i = 0; i < page.lcores; ++i) sum += page.lcore[i].types[transport][type].get();
      list.counter("penstock_client_queries_total", "Queries that are over, by transport and record type.",
                   {{"transport", kTransports[transport]}, {"type", kTypes[type]}}, static_cast<double>(sum));
    }
  }
}

}  // namespace

void add_clients(MetricList& list, const StatusView& view) {
  list.counter("penstock_query_log_written_total", "Lines written to the query log.", {},
               static_cast<double>(view.query_log.written));
  list.counter("penstock_query_log_lost_total",
               "Queries that the query log did not take: its sink failed, or was slower than the queries.", {},
               static_cast<double>(view.query_log.lost));
  list.gauge("penstock_query_log_failed", "1: the query log cannot be written. See penstockctl status.", {},
             view.query_log.failure.empty() ? 0 : 1);
  if (!view.page) return;
  add_latency(list, view);
  add_types(list, *view.page);
}

}  // namespace penstock::control
