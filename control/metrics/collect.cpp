// control/metrics/collect.cpp - every family of metrics, with its help. Long because it is one list; no logic beside.
#include "control/metrics/collect.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>

#include "config/source_ports.h"
#include "control/events/event_text.h"
#include "control/metrics/collect_clients.h"
#include "control/metrics/metric_list.h"
#include "control/view/stages.h"

namespace penstock::control {
namespace {

using config::Counter;
using config::CounterPage;
using config::LcoreCounters;
using Labels = MetricList::Labels;

// RFC 6895 section 2.3, the values that fit a header.
constexpr const char* kRcodes[16] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
                                     "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", "DSOTYPENI",
                                     "RCODE12",  "RCODE13", "RCODE14",  "RCODE15"};

double seconds(std::chrono::nanoseconds duration) {
  return std::chrono::duration<double>(duration).count();
}
double unix_seconds(std::chrono::system_clock::time_point time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}
double number(uint64_t value) {
  return static_cast<double>(value);
}

template <typename Pick>
uint64_t total(const CounterPage& page, Pick pick) {
  uint64_t sum = 0;
  for (const LcoreCounters& lcore : lcores_of(page)) sum += pick(lcore).get();
  return sum;
}

std::string with_list(const std::string& what, std::span<const CounterName> names) {
  std::string help = what + ".";
  for (const CounterName& one : names) help += std::string(" ") + one.name + ": " + one.help + ".";
  return help;
}

// One family, one series an outcome; the help of the values stands in the family's help.
void add_stage(MetricList& list, const CounterPage& page, const Stage& stage) {
  const std::string help = with_list(stage.help, stage.outcomes);
  for (size_t i = 0; i < stage.outcomes.size(); ++i)
    list.counter(stage.metric, help, {{stage.label, stage.outcomes[i].name}}, number(total(page, stage, i)));
}

void add_packets(MetricList& list, const CounterPage& page) {
  list.counter("penstock_received_frames_total", "Frames taken from the ports.", {},
               number(total(page, [](const LcoreCounters& lcore) -> const Counter& { return lcore.received; })));
  for (const Stage& stage : kStages) add_stage(list, page, stage);
  list.counter(
      "penstock_partial_checksum_frames_total", "Accepted frames whose UDP checksum covered the pseudo-header only.",
      {}, number(total(page, [](const LcoreCounters& lcore) -> const Counter& { return lcore.checksum_partial; })));
  for (size_t i = 0; i < 16; ++i) {
    list.counter("penstock_returned_responses_total", "Responses returned to clients, by RCODE.",
                 {{"rcode", kRcodes[i]}},
                 number(total(page, [i](const LcoreCounters& lcore) -> const Counter& { return lcore.rcodes[i]; })));
  }
  const char* kernel = "Frames from the kernel, sent on the wire or lost.";
  list.counter("penstock_kernel_frames_total", kernel, {{"outcome", "sent"}}, number(page.door_sent.get()));
  list.counter("penstock_kernel_frames_total", kernel, {{"outcome", "lost"}}, number(page.door_lost.get()));
  list.gauge(
      "penstock_accounting_residual",
      "Packets and refresh queries that are missing from the counters or counted twice. 0 when there is no traffic.",
      {}, static_cast<double>(config::accounting_residual(page)));
}

// What is in it now; what was answered from it is in penstock_queries_total.
void add_cache(MetricList& list, const CounterPage& page) {
  list.gauge("penstock_cache_entries", "Cached answers and cached failures of endpoints.", {},
             number(page.cache_entries.get()));
  list.gauge("penstock_cache_used_bytes", "Memory used by cached answers.", {}, number(page.cache_used.get()));
  list.gauge("penstock_cache_size_bytes", "Size of the answer cache, allocated at start. 0: no cache.", {},
             number(page.cache_size.get()));
  list.gauge("penstock_policed_clients",
             "Clients whose queries are dropped unread because they flood us with queries to be refused.", {},
             number(page.policed_clients.get()));
  list.counter("penstock_policed_dropped_total", "Queries dropped unread because of penstock_policed_clients.", {},
               number(page.policed_dropped.get()));
  list.counter("penstock_cache_evictions_total", "Cached answers evicted to make room.", {},
               number(page.cache_evicted.get()));
  list.counter("penstock_cache_flushed_total", "Cached answers removed by penstockctl cache flush.", {},
               number(page.cache_flushed.get()));
}

void add_lcores(MetricList& list, const CounterPage& page, BusyShare& busy_share) {
  const auto now = std::chrono::steady_clock::now();
  const auto lcores = lcores_of(page);
  for (size_t i = 0; i < lcores.size(); ++i) {
    const std::string index = std::to_string(i);
    const LcoreCounters& lcore = lcores[i];
    const uint64_t busy = lcore.busy_cycles.get();
    const uint64_t idle = lcore.idle_cycles.get();
    const char* cycles = "TSC cycles of the lcore's loop. busy: turns that moved a frame. idle: turns that moved none.";
    list.counter("penstock_lcore_cycles_total", cycles, {{"lcore", index}, {"state", "busy"}}, number(busy));
    list.counter("penstock_lcore_cycles_total", cycles, {{"lcore", index}, {"state", "idle"}}, number(idle));
    list.gauge("penstock_lcore_busy_ratio", "Share of busy cycles since the previous scrape.", {{"lcore", index}},
               busy_share.of(i, busy, idle, now));
    list.counter("penstock_lcore_turns_total", "Turns of the lcore's loop.", {{"lcore", index}},
                 number(lcore.turns.get()));
    list.gauge("penstock_lcore_ruleset_generation", "Generation of the rules in use by the lcore.", {{"lcore", index}},
               number(lcore.generation.get()));
    list.gauge("penstock_pending_queries", "Queries in flight.", {{"lcore", index}}, number(lcore.pending.get()));
    list.gauge("penstock_pending_queries_limit", "Maximum number of queries in flight.", {{"lcore", index}},
               page.pending_capacity);
    list.gauge("penstock_waiting_clients", "Clients waiting for the response to a query in flight that they joined.",
               {{"lcore", index}}, number(lcore.waiting.get()));
    list.gauge("penstock_waiting_clients_limit", "Maximum number of waiting clients.", {{"lcore", index}},
               page.waiting_capacity);
    const char* used =
        "Entries used in the lcore's tables. deliveries: finished queries with clients still to be answered. "
        "answers_kept: answers for them. chases: CNAME chains into private zones in progress. shares: clients counted "
        "against a share of a scarce resource.";
    const char* limit = "Size of the lcore's tables.";
    for (const auto& [table, taken, places] : {std::tuple{"deliveries", &lcore.deliveries, page.delivery_capacity},
                                               {"answers_kept", &lcore.answers_kept, page.answer_capacity},
                                               {"chases", &lcore.chases, page.chase_capacity},
                                               {"shares", &lcore.shares, page.share_capacity}}) {
      list.gauge("penstock_table_used", used, {{"lcore", index}, {"table", table}}, number(taken->get()));
      list.gauge("penstock_table_limit", limit, {{"lcore", index}, {"table", table}}, places);
    }
  }
}

// TCP, and UDP that came in pieces.
void add_slow_lane(MetricList& list, const config::SlowCounters& slow) {
  list.gauge("penstock_tcp_connections", "Open client connections.", {},
             number(slow[config::SlowGauge::connections].get()));
  list.gauge("penstock_tcp_connections_limit", "Maximum number of client connections.", {}, slow.most_connections);
  for (size_t i = 0; i < config::kSlowGauges; ++i)
    list.gauge("penstock_slow_lane_now", with_list("Current numbers of the slow lane", kSlowGaugeNames),
               {{"kind", kSlowGaugeNames[i].name}}, number(slow.gauges[i].get()));
  for (size_t i = 0; i < config::kSlowCounters; ++i)
    list.counter("penstock_slow_lane_total", with_list("Events in the slow lane", kSlowCounterNames),
                 {{"kind", kSlowCounterNames[i].name}}, number(slow.counters[i].get()));
}

void add_ports(MetricList& list, const StatusView& view) {
  const CounterPage& page = *view.page;
  for (const auto& [table, used] : {std::pair{"clients", &page.rates_used}, {"answers", &page.answer_rates_used}}) {
    list.gauge("penstock_rates_used",
               "Rate limit buckets in recent use: of rate_per_client (clients) and response_rate (answers).",
               {{"table", table}}, number(used->get()));
    list.gauge("penstock_rates_limit",
               "Number of rate limit buckets. When all are in use, the least used one is given to a new client.",
               {{"table", table}}, page.rate_capacity);
  }
  list.gauge("penstock_ring_frames", "Frames in the fullest ring between threads.", {}, number(page.ring_used.get()));
  list.gauge("penstock_ring_frames_limit", "Capacity of each ring in frames.", {}, page.ring_capacity);
  list.gauge("penstock_mbufs_used", "Frame buffers in use, those in the cards' rings included.", {},
             number(page.mbufs_used.get()));
  list.gauge("penstock_mbufs_limit", "Number of frame buffers.", {}, page.mbuf_capacity);
  list.gauge("penstock_listen_addresses", "Addresses on which the dataplane answers port 53.", {},
             number(page.listen_addresses.get()));
  list.gauge("penstock_listen_not_followed",
             "Addresses added to a port's interface after the start that are not fully served over UDP and TCP. See "
             "the log of penstock-dataplane for the reason.",
             {}, number(page.listen_not_followed.get()));
  list.gauge("penstock_ports_gone",
             "Ports whose interface is gone. Restart penstock-dataplane once the interface is back.", {},
             number(page.ports_gone.get()));
  list.gauge("penstock_gateways_unknown",
             "Gateways on ports with `reverse_path: strict` whose MAC the kernel does not know. Queries through them "
             "are refused (penstock_frames_total, class other_path).",
             {}, number(page.gateways_unknown.get()));
  list.gauge("penstock_interfaces_followed",
             "1: changes of addresses and MACs on the ports' interfaces are followed. 0: restart penstock-dataplane "
             "after such a change.",
             {}, number(page.interfaces_followed.get()));
  const size_t count = std::min<size_t>({view.hello ? view.hello->ports : 0, page.ports_used, page.ports.size()});
  for (size_t i = 0; i < count; ++i) {
    const config::PortCounters& port = page.ports[i];
    const std::string name = to_text(view.hello->port[i].name);
    for (const auto& [reason, counter] : {std::pair{"receive_missed", &port.receive_missed},
                                          {"receive_errors", &port.receive_errors},
                                          {"receive_no_mbuf", &port.receive_no_mbuf},
                                          {"transmit_errors", &port.transmit_errors}}) {
      list.counter("penstock_port_lost_frames_total",
                   "Frames lost by a port's driver. receive_missed: no room in the ring of the card or socket. "
                   "receive_errors: damaged. receive_no_mbuf: no free mbuf. transmit_errors: not sent.",
                   {{"port", name}, {"reason", reason}}, number(counter->get()));
    }
  }
}

// Of the lcore where a forger has it easiest.
void add_entropy(MetricList& list, const StatusView& view) {
  const CounterPage& page = *view.page;
  uint64_t most = 0;
  for (const LcoreCounters& lcore : lcores_of(page)) most = std::max(most, lcore.pending.get());
  const double slots = std::max(1.0, page.pending_capacity * 4 / 3.0);  // three quarters of them are used at most
  list.gauge("penstock_query_entropy",
             "Bits of source port and query ID that a forged response must match, on the fullest lcore.", {},
             config::entropy_bits(view.ports_of_an_lcore, 1 - number(most) / slots));
}

void add_events(MetricList& list, const StatusView& view) {
  for (size_t kind = 0; kind < kEventKinds; ++kind)
    list.counter("penstock_events_total",
                 "Events reported by the lcores, at most one per millisecond and lcore. See the log of "
                 "penstock-control for details.",
                 {{"kind", to_string(static_cast<config::EventKind>(kind))}}, number(view.event_counts[kind]));
  list.counter("penstock_events_missed_total", "Events overwritten before penstock-control read them.", {},
               number(view.events_missed));
}

void add_rules(MetricList& list, const StatusView& view, std::chrono::system_clock::time_point now) {
  const char* generation =
      "Generation of the rules: last compiled (control), or in use by every lcore (dataplane). 0: no rules.";
  const char* age = "Time since the rules were compiled (control) or published (dataplane).";
  const char* since = "Time at which the rules were compiled (control) or published (dataplane).";
  const char* zones = "Zones and names in the rules.";
  list.gauge("penstock_ruleset_generation", generation, {{"process", "control"}}, number(view.generation));
  if (view.generation != 0) {
    list.gauge("penstock_ruleset_age_seconds", age, {{"process", "control"}}, seconds(now - view.built_at));
    list.gauge("penstock_ruleset_timestamp_seconds", since, {{"process", "control"}}, unix_seconds(view.built_at));
  }
  list.gauge("penstock_ruleset_zones", zones, {{"process", "control"}}, number(view.zones));
  list.gauge("penstock_ruleset_rules", "Rules compiled by penstock-control.", {}, number(view.model->rules.size()));
  const char* reloads = "Reloads of the configuration, without the first load at start.";
  list.counter("penstock_reloads_total", reloads, {{"result", "succeeded"}}, number(view.reloads.succeeded));
  list.counter("penstock_reloads_total", reloads, {{"result", "failed"}}, number(view.reloads.failed));
  list.gauge("penstock_config_last_reload_successful", "1: the configuration on disk is in force. 0: it was refused.",
             {}, view.reloads.refused_file ? 0 : 1);
  list.gauge("penstock_config_last_good_copy_in_use",
             "1: penstock-control refused the configuration at its start and uses its last good copy.", {},
             view.reloads.refused_file && !view.reloads.refused_file->copy.empty() ? 1 : 0);
  list.gauge("penstock_config_last_reload_success_timestamp_seconds",
             "Time at which a configuration last came into force, by reload or at start.", {},
             unix_seconds(view.reloads.succeeded_at));
  if (view.heartbeat_age) {
    list.gauge("penstock_control_heartbeat_age_seconds",
               "Time since penstock-control last updated the health and next hops shared with the dataplane.", {},
               seconds(*view.heartbeat_age));
  }
  if (!view.page) return;
  const CounterPage& page = *view.page;
  list.gauge("penstock_ruleset_generation", generation, {{"process", "dataplane"}}, number(page.generation.get()));
  if (const uint64_t published = page.published_at.get(); published != 0) {
    list.gauge("penstock_ruleset_age_seconds", age, {{"process", "dataplane"}}, unix_seconds(now) - number(published));
    list.gauge("penstock_ruleset_timestamp_seconds", since, {{"process", "dataplane"}}, number(published));
  }
  list.gauge("penstock_ruleset_zones", zones, {{"process", "dataplane"}}, number(page.zones.get()));
  const char* images = "Rule images sent to the dataplane.";
  list.counter("penstock_images_total", images, {{"result", "accepted"}}, number(page.images_accepted.get()));
  list.counter("penstock_images_total", images, {{"result", "refused"}}, number(page.images_refused.get()));
  list.gauge("penstock_ruleset_swap_duration_seconds",
             "Duration of the last swap, until every lcore used the new rules.", {}, number(page.swap_ns.get()) / 1e9);
  list.gauge("penstock_control_silent",
             "1: the dataplane ignores endpoint health, as the heartbeat of penstock-control is too old.", {},
             number(page.control_silent.get()));
}

void add_probes(MetricList& list, const Labels& labels, const char* protocol, const ProbeCounters& probes) {
  Labels with = labels;
  with.emplace_back("protocol", protocol);
  list.counter("penstock_endpoint_probes_total", "Health probes sent.", with, number(probes.sent));
  list.counter("penstock_endpoint_probe_failures_total", "Health probes without a correct response in time.", with,
               number(probes.failed));
  if (probes.round_trip) {
    list.gauge("penstock_endpoint_probe_round_trip_seconds", "Round-trip time of the last answered health probe.", with,
               seconds(*probes.round_trip));
  }
}

void add_traffic(MetricList& list, const Labels& labels, const CounterPage& page, config::EndpointSlot slot) {
  const auto sum = [&](auto pick) {
    return total(page, [&](const LcoreCounters& lcore) -> const Counter& { return pick(lcore.endpoints[slot]); });
  };
  using config::EndpointCounters;
  struct Row {
    const char* metric;
    const char* help;
    Counter EndpointCounters::*counter;
  };
  static constexpr Row kRows[] = {
      {"penstock_endpoint_queries_total", "Queries sent to the endpoint.", &EndpointCounters::queries},
      {"penstock_endpoint_responses_total", "Responses of the endpoint returned to clients.",
       &EndpointCounters::responses},
      {"penstock_endpoint_timeouts_total", "Queries that the endpoint did not answer in time.",
       &EndpointCounters::timeouts},
      {"penstock_endpoint_servfails_total", "Responses of the endpoint with RCODE SERVFAIL.",
       &EndpointCounters::servfails},
      {"penstock_endpoint_refused_total", "Responses of the endpoint with RCODE REFUSED.", &EndpointCounters::refused},
      {"penstock_endpoint_over_budget_total", "Queries not sent to the endpoint because its rate budget was used up.",
       &EndpointCounters::over_budget},
      {"penstock_endpoint_odd_responses_total",
       "Responses from the endpoint's address that match no query sent to it: late, duplicate or forged.",
       &EndpointCounters::odd_responses},
      {"penstock_endpoint_tcp_queries_total", "Queries sent to the endpoint over TCP.",
       &EndpointCounters::stream_queries},
      {"penstock_endpoint_tcp_responses_total", "Responses of the endpoint over TCP.",
       &EndpointCounters::stream_responses},
      {"penstock_endpoint_tcp_timeouts_total", "Queries over TCP that the endpoint did not answer in time.",
       &EndpointCounters::stream_timeouts}};
  for (const Row& row : kRows)
    list.counter(row.metric, row.help, labels,
                 number(sum([&](const EndpointCounters& one) -> const Counter& { return one.*row.counter; })));
  list.gauge("penstock_endpoint_without_edns",
             "1: queries to the endpoint carry no EDNS, hence no DNSSEC, because it answers EDNS with an error.",
             labels, sum([](const EndpointCounters& one) -> const Counter& { return one.without_edns; }) != 0 ? 1 : 0);
  list.gauge(
      "penstock_endpoint_tcp_connection_use",
      "Queries that the endpoint accepts on a TCP connection. 0: many at once. 1: one after the other. 2: only one.",
      labels, number(page.slow.stream_use[slot].get()));
  list.gauge("penstock_endpoint_rate", "Queries sent to the endpoint in the last second.", labels,
             number(page.endpoint_rate[slot].get()));
  auto& histogram =
      list.histogram("penstock_endpoint_latency_seconds",
                     "Latency from query to response. Buckets are powers of two of a microsecond.", labels);
  uint64_t cumulative = 0;
  for (size_t i = 0; i < config::kLatencyBuckets; ++i) {
    cumulative += sum([i](const EndpointCounters& one) -> const Counter& { return one.latency[i]; });
    const bool last = i + 1 == config::kLatencyBuckets;
    const double bound = last ? std::numeric_limits<double>::infinity() : std::ldexp(1e-6, static_cast<int>(i));
    histogram.bucket.push_back({cumulative, bound});
  }
  // Not the responses counter: count and buckets are read at one time and must agree.
  histogram.sample_count = cumulative;
  histogram.sample_sum =
      number(sum([](const EndpointCounters& one) -> const Counter& { return one.latency_ns; })) / 1e9;
}

void add_endpoint(MetricList& list, const EndpointView& endpoint, const CounterPage* page) {
  const EndpointHealth& health = endpoint.health;
  const Labels labels = {{"pool", health.id.pool}, {"address", config::to_string(health.id.address)}};
  list.gauge("penstock_endpoint_up", "1: the endpoint answers its probes, or has not been probed yet. 0: it is down.",
             labels, health.state == config::Health::down ? 0 : 1);
  for (const Condition condition : kConditions) {
    Labels with = labels;
    with.emplace_back("state", to_string(condition));
    list.gauge("penstock_endpoint_state",
               "1 for the current state of the endpoint, the worst that applies. Only `down` endpoints are avoided.",
               with, health.condition == condition ? 1 : 0);
  }
  list.gauge("penstock_endpoint_state_timestamp_seconds", "Time of the endpoint's last state change.", labels,
             unix_seconds(health.since));
  list.gauge("penstock_endpoint_drained", "1: drained by an operator.", labels, endpoint.state.drained != 0 ? 1 : 0);
  list.gauge("penstock_endpoint_reachable", "1: the next hop towards the endpoint is known.", labels,
             endpoint.state.reachable != 0 ? 1 : 0);
  list.gauge("penstock_endpoint_budget", "Rate budget of the endpoint in queries per second. 0: no limit.", labels,
             endpoint.budget);
  if (page != nullptr && endpoint.slot && page->endpoint_rate.has(*endpoint.slot) && endpoint.budget > 0)
    list.gauge("penstock_endpoint_budget_used_ratio", "Share of the endpoint's rate budget in use.", labels,
               number(page->endpoint_rate[*endpoint.slot].get()) / endpoint.budget);
  add_probes(list, labels, "udp", health.udp);
  add_probes(list, labels, "tcp", health.tcp);
  if (page != nullptr && endpoint.slot && page->endpoint_rate.has(*endpoint.slot))
    add_traffic(list, labels, *page, *endpoint.slot);
}

}  // namespace

double BusyShare::of(size_t lcore, uint64_t busy_cycles, uint64_t idle_cycles,
                     std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock(mutex_);
  Sample& last = last_.at(lcore);
  // A dataplane that restarted counts from zero again.
  if (busy_cycles < last.busy || idle_cycles < last.idle) last = {};
  const uint64_t busy = busy_cycles - last.busy;
  const uint64_t all = busy + (idle_cycles - last.idle);
  if (all == 0 || now - last.at < std::chrono::seconds(1)) return last.share;
  last = {now, busy_cycles, idle_cycles, number(busy) / number(all)};
  return last.share;
}

std::vector<prometheus::MetricFamily> collect(const StatusView& view, BusyShare& busy_share,
                                              std::chrono::system_clock::time_point now) {
  MetricList list;
  list.gauge("penstock_build_info", "Always 1. The label is the version of Penstock.", {{"version", PENSTOCK_VERSION}},
             1);
  list.gauge("process_start_time_seconds", "Start time of penstock-control in seconds since the Unix epoch.", {},
             unix_seconds(view.started_at));
  list.gauge("penstock_dataplane_up", "1: penstock-control is connected to penstock-dataplane.", {}, view.page ? 1 : 0);
  add_rules(list, view, now);
  if (view.page) {
    list.gauge("penstock_dataplane_start_time_seconds",
               "Start time of penstock-dataplane in seconds since the Unix epoch.", {}, number(view.page->started_at));
    add_packets(list, *view.page);
    add_cache(list, *view.page);
    add_lcores(list, *view.page, busy_share);
    add_ports(list, view);
    add_slow_lane(list, view.page->slow);
    add_entropy(list, view);
  }
  add_clients(list, view);
  add_events(list, view);
  for (const EndpointView& endpoint : view.endpoints) add_endpoint(list, endpoint, view.page.get());
  return list.take();
}

}  // namespace penstock::control
