// control/metrics/collect.cpp - every family of metrics, with its help. Long because it is one list; no logic beside.
#include "control/metrics/collect.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>

#include "config/source_ports.h"
#include "control/events/event_text.h"
#include "control/metrics/metric_list.h"

namespace penstock::control {
namespace {

using config::Counter;
using config::CounterPage;
using config::LcoreCounters;
using Labels = MetricList::Labels;

struct OutcomeName {
  const char* name;
  const char* help;
};
#define PENSTOCK_NAME(name, help) OutcomeName{#name, help},
constexpr OutcomeName kClassify[] = {PENSTOCK_CLASSIFY_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kQuery[] = {PENSTOCK_QUERY_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kResponse[] = {PENSTOCK_RESPONSE_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kHandoff[] = {PENSTOCK_HANDOFF_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kDoor[] = {PENSTOCK_DOOR_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kSweep[] = {PENSTOCK_SWEEP_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kRetry[] = {PENSTOCK_RETRY_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kWaiter[] = {PENSTOCK_WAITER_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kGuard[] = {PENSTOCK_GUARD_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kRefresh[] = {PENSTOCK_REFRESH_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kRemember[] = {PENSTOCK_REMEMBER_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kTransmit[] = {PENSTOCK_TRANSMIT_OUTCOMES(PENSTOCK_NAME)};
constexpr OutcomeName kSlow[] = {PENSTOCK_SLOW_COUNTERS(PENSTOCK_NAME)};
constexpr OutcomeName kSlowGauge[] = {PENSTOCK_SLOW_GAUGES(PENSTOCK_NAME)};
#undef PENSTOCK_NAME

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

std::span<const LcoreCounters> lcores_of(const CounterPage& page) {
  return {page.lcore, std::min<size_t>(page.lcores, config::kMaxLcores)};
}

template <typename Pick>
uint64_t total(const CounterPage& page, Pick pick) {
  uint64_t sum = 0;
  for (const LcoreCounters& lcore : lcores_of(page)) sum += pick(lcore).get();
  return sum;
}

std::string with_list(const std::string& what, std::span<const OutcomeName> outcomes) {
  std::string help = what + ".";
  for (const OutcomeName& outcome : outcomes) help += std::string(" ") + outcome.name + ": " + outcome.help + ".";
  return help;
}

// One family, one series an outcome; the help of the values stands in the family's help.
template <typename Member>
void add_outcomes(MetricList& list, const CounterPage& page, const std::string& name, const std::string& what,
                  const char* label, std::span<const OutcomeName> outcomes, Member member) {
  const std::string help = with_list(what, outcomes);
  for (size_t i = 0; i < outcomes.size(); ++i) {
    const uint64_t sum =
        total(page, [&](const LcoreCounters& lcore) -> const Counter& { return (lcore.*member).counters[i]; });
    list.counter(name, help, {{label, outcomes[i].name}}, number(sum));
  }
}

void add_packets(MetricList& list, const CounterPage& page) {
  list.counter("penstock_received_frames_total", "Frames taken from the ports.", {},
               number(total(page, [](const LcoreCounters& lcore) -> const Counter& { return lcore.received; })));
  add_outcomes(list, page, "penstock_frames_total", "Frames by what they are", "class", kClassify,
               &LcoreCounters::classify);
  add_outcomes(list, page, "penstock_queries_total", "Queries by what became of them", "outcome", kQuery,
               &LcoreCounters::query);
  add_outcomes(list, page, "penstock_responses_total", "Responses of endpoints by what became of them", "outcome",
               kResponse, &LcoreCounters::response);
  add_outcomes(list, page, "penstock_handoffs_total", "Responses that another lcore owns", "outcome", kHandoff,
               &LcoreCounters::handoff);
  add_outcomes(list, page, "penstock_door_frames_total", "Frames of the kernel", "outcome", kDoor,
               &LcoreCounters::door);
  add_outcomes(list, page, "penstock_swept_queries_total", "Forwarded queries that were given up", "outcome", kSweep,
               &LcoreCounters::sweep);
  add_outcomes(list, page, "penstock_retries_total", "Forwarded queries that were overdue", "outcome", kRetry,
               &LcoreCounters::retry);
  add_outcomes(list, page, "penstock_joined_queries_total",
               "Queries that joined one in flight, by what their clients got", "outcome", kWaiter,
               &LcoreCounters::waiter);
  add_outcomes(list, page, "penstock_guarded_responses_total", "What the leak guard made of responses", "outcome",
               kGuard, &LcoreCounters::guard);
  add_outcomes(list, page, "penstock_transmitted_frames_total", "Frames to send by what became of them", "outcome",
               kTransmit, &LcoreCounters::transmit);
  add_outcomes(list, page, "penstock_refreshes_total",
               "Queries of our own, for answers that are remembered, by what became of them", "outcome", kRefresh,
               &LcoreCounters::refresh);
  add_outcomes(list, page, "penstock_remembered_total", "Answers that came, by whether they are remembered", "outcome",
               kRemember, &LcoreCounters::remember);
  list.counter(
      "penstock_partial_checksum_frames_total",
      "Accepted frames whose UDP checksum was only the sum of the pseudo-header.", {},
      number(total(page, [](const LcoreCounters& lcore) -> const Counter& { return lcore.checksum_partial; })));
  for (size_t i = 0; i < 16; ++i) {
    list.counter("penstock_returned_responses_total", "Responses returned to clients, by RCODE.",
                 {{"rcode", kRcodes[i]}},
                 number(total(page, [i](const LcoreCounters& lcore) -> const Counter& { return lcore.rcodes[i]; })));
  }
  const char* kernel = "Frames from the kernel to the wire.";
  list.counter("penstock_kernel_frames_total", kernel, {{"outcome", "sent"}}, number(page.door_sent.get()));
  list.counter("penstock_kernel_frames_total", kernel, {{"outcome", "lost"}}, number(page.door_lost.get()));
  list.gauge(
      "penstock_accounting_residual",
      "Packets, and queries of our own, that are missing from the counters or counted twice; 0 whenever traffic is "
      "quiet.",
      {}, static_cast<double>(config::accounting_residual(page)));
}

// What is in it now; what was answered from it is in penstock_queries_total.
void add_cache(MetricList& list, const CounterPage& page) {
  list.gauge("penstock_cache_entries", "Answers, and failures of endpoints, that are remembered now.", {},
             number(page.cache_entries.get()));
  list.gauge("penstock_cache_used_bytes", "Memory that they take.", {}, number(page.cache_used.get()));
  list.gauge("penstock_cache_size_bytes", "Memory that there is for them, taken at start; 0: nothing is remembered.",
             {}, number(page.cache_size.get()));
  list.gauge("penstock_policed_clients",
             "Clients that flood us with queries that are turned away, and are stopped before.", {},
             number(page.policed_clients.get()));
  list.counter("penstock_policed_dropped_total", "Queries of such clients that were dropped unread.", {},
               number(page.policed_dropped.get()));
  list.counter("penstock_cache_evictions_total", "Answers forgotten to make room for others.", {},
               number(page.cache_evicted.get()));
  list.counter("penstock_cache_flushed_total", "Answers forgotten by hand: penstockctl cache flush.", {},
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
    const char* cycles = "TSC cycles by what the turn of the loop did: busy moved a frame, idle did not.";
    list.counter("penstock_lcore_cycles_total", cycles, {{"lcore", index}, {"state", "busy"}}, number(busy));
    list.counter("penstock_lcore_cycles_total", cycles, {{"lcore", index}, {"state", "idle"}}, number(idle));
    list.gauge("penstock_lcore_busy_ratio", "Share of busy cycles since the scrape before.", {{"lcore", index}},
               busy_share.of(i, busy, idle, now));
    list.counter("penstock_lcore_turns_total", "Turns of the lcore's loop.", {{"lcore", index}},
                 number(lcore.turns.get()));
    list.gauge("penstock_lcore_ruleset_generation", "Generation of the rules that the lcore uses.", {{"lcore", index}},
               number(lcore.generation.get()));
    list.gauge("penstock_pending_queries", "Queries in flight.", {{"lcore", index}}, number(lcore.pending.get()));
    list.gauge("penstock_pending_queries_limit", "Queries in flight that the lcore takes at most.", {{"lcore", index}},
               page.pending_capacity);
    list.gauge("penstock_waiting_clients", "Clients that joined a query in flight.", {{"lcore", index}},
               number(lcore.waiting.get()));
    list.gauge("penstock_waiting_clients_limit", "Clients that may wait so at most.", {{"lcore", index}},
               page.waiting_capacity);
    const char* used =
        "Places taken in the lcore's tables. deliveries: queries that are over and have clients to be told. "
        "answers_kept: for "
        "them. chases: chains into private zones under way. shares: clients noted as taking of something scarce.";
    const char* limit = "Places that there are in the lcore's tables.";
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
  list.gauge("penstock_tcp_connections", "Connections of clients that are open.", {},
             number(slow[config::SlowGauge::connections].get()));
  list.gauge("penstock_tcp_connections_limit", "Connections of clients that there may be.", {}, slow.most_connections);
  for (size_t i = 0; i < config::kSlowGauges; ++i)
    list.gauge("penstock_slow_lane_now", with_list("What the slow lane has now", kSlowGauge),
               {{"kind", kSlowGauge[i].name}}, number(slow.gauges[i].get()));
  for (size_t i = 0; i < config::kSlowCounters; ++i)
    list.counter("penstock_slow_lane_total", with_list("What happened in the slow lane", kSlow),
                 {{"kind", kSlow[i].name}}, number(slow.counters[i].get()));
}

void add_ports(MetricList& list, const MetricsView& view) {
  const CounterPage& page = *view.page;
  for (const auto& [table, used] : {std::pair{"clients", &page.rates_used}, {"answers", &page.answer_rates_used}}) {
    list.gauge(
        "penstock_rates_used",
        "Buckets of rate_per_client (clients) and response_rate (answers) that are not full: those that asked lately.",
        {{"table", table}}, number(used->get()));
    list.gauge("penstock_rates_limit", "Buckets that there are. Above, whoever has asked least starts anew.",
               {{"table", table}}, page.rate_capacity);
  }
  list.gauge("penstock_ring_frames", "Frames in the fullest of the rings between threads.", {},
             number(page.ring_used.get()));
  list.gauge("penstock_ring_frames_limit", "Frames that each ring takes.", {}, page.ring_capacity);
  list.gauge("penstock_mbufs_used", "Frames that are not free, those that wait in the cards' rings included.", {},
             number(page.mbufs_used.get()));
  list.gauge("penstock_mbufs_limit", "Frames that there are.", {}, page.mbuf_capacity);
  list.gauge("penstock_listen_addresses", "Addresses whose port 53 the dataplane answers.", {},
             number(page.listen_addresses.get()));
  list.gauge("penstock_listen_not_followed",
             "Addresses that came to a port's interface after the start and are not served as they should be, over UDP "
             "or TCP: the dataplane's log says why.",
             {}, number(page.listen_not_followed.get()));
  list.gauge("penstock_ports_gone",
             "Ports whose interface is not there any more: penstock-dataplane must be restarted once it is back.", {},
             number(page.ports_gone.get()));
  list.gauge(
      "penstock_gateways_unknown",
      "Gateways of the kernel's routes on ports with `reverse_path: strict` whose MAC the kernel does not know: what "
      "they pass on is refused (penstock_frames_total, class other_path).",
      {}, number(page.gateways_unknown.get()));
  list.gauge("penstock_interfaces_followed",
             "1: addresses and MACs that change on the ports' interfaces are followed. 0: penstock-dataplane must be "
             "restarted to see them.",
             {}, number(page.interfaces_followed.get()));
  const size_t count = std::min<size_t>({view.ports.size(), page.ports_used, page.ports.size()});
  for (size_t i = 0; i < count; ++i) {
    const config::PortCounters& port = page.ports[i];
    for (const auto& [reason, counter] : {std::pair{"receive_missed", &port.receive_missed},
                                          {"receive_errors", &port.receive_errors},
                                          {"receive_no_mbuf", &port.receive_no_mbuf},
                                          {"transmit_errors", &port.transmit_errors}}) {
      list.counter("penstock_port_lost_frames_total",
                   "Frames that a port's driver lost. receive_missed: no room in the ring of the card or socket. "
                   "receive_errors: damaged. receive_no_mbuf: the mbuf pool was empty. transmit_errors: not sent.",
                   {{"port", view.ports[i]}, {"reason", reason}}, number(counter->get()));
    }
  }
}

// Of the lcore where a forger has it easiest.
void add_entropy(MetricList& list, const MetricsView& view) {
  const CounterPage& page = *view.page;
  uint64_t most = 0;
  for (const LcoreCounters& lcore : lcores_of(page)) most = std::max(most, lcore.pending.get());
  const double slots = std::max(1.0, page.pending_capacity * 4 / 3.0);  // three quarters of them are used at most
  list.gauge("penstock_query_entropy",
             "Bits of source port and id that a forger of responses must guess, on the fullest lcore.", {},
             config::entropy_bits(view.ports_of_an_lcore, 1 - number(most) / slots));
}

void add_events(MetricList& list, const MetricsView& view) {
  for (size_t kind = 0; kind < kEventKinds; ++kind)
    list.counter("penstock_events_total",
                 "Events that lcores reported by name, at most one a millisecond of each lcore; the log of control "
                 "says more.",
                 {{"kind", to_string(static_cast<config::EventKind>(kind))}}, number(view.event_counts[kind]));
  list.counter("penstock_events_missed_total", "Events that were overwritten before control read them.", {},
               number(view.events_missed));
}

void add_rules(MetricList& list, const MetricsView& view, std::chrono::system_clock::time_point now) {
  const char* generation =
      "Generation of the rules: compiled last by control, in use by every lcore of the dataplane; 0: none.";
  const char* age = "Time since the rules were compiled (control) or published (dataplane).";
  const char* since = "When the rules were compiled (control) or published (dataplane).";
  const char* zones = "Zones and names in the rules.";
  list.gauge("penstock_ruleset_generation", generation, {{"process", "control"}}, number(view.generation));
  if (view.built_at) {
    list.gauge("penstock_ruleset_age_seconds", age, {{"process", "control"}}, seconds(now - *view.built_at));
    list.gauge("penstock_ruleset_timestamp_seconds", since, {{"process", "control"}}, unix_seconds(*view.built_at));
  }
  list.gauge("penstock_ruleset_zones", zones, {{"process", "control"}}, number(view.zones));
  list.gauge("penstock_ruleset_rules", "Rules that control compiled.", {}, number(view.rules));
  const char* reloads = "Reloads of the configuration; the reading at the start is none.";
  list.counter("penstock_reloads_total", reloads, {{"result", "succeeded"}}, number(view.reloads_succeeded));
  list.counter("penstock_reloads_total", reloads, {{"result", "failed"}}, number(view.reloads_failed));
  list.gauge("penstock_config_last_reload_successful", "0: the configuration on disk was refused.", {},
             view.last_reload_good ? 1 : 0);
  list.gauge("penstock_config_last_good_copy_in_use",
             "1: control found the configuration refused at its start and runs by the copy that it had kept.", {},
             view.runs_by_copy ? 1 : 0);
  list.gauge("penstock_config_last_reload_success_timestamp_seconds",
             "When a configuration was last taken into force, the start included.", {}, unix_seconds(view.reloaded_at));
  if (view.heartbeat_age) {
    list.gauge("penstock_control_heartbeat_age_seconds",
               "Time since control last touched the page that the dataplane takes health and next hops from.", {},
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
  const char* images = "Rule images that the dataplane was sent.";
  list.counter("penstock_images_total", images, {{"result", "accepted"}}, number(page.images_accepted.get()));
  list.counter("penstock_images_total", images, {{"result", "refused"}}, number(page.images_refused.get()));
  list.gauge("penstock_ruleset_swap_duration_seconds",
             "How long the last swap took until every lcore had seen the new rules.", {},
             number(page.swap_ns.get()) / 1e9);
  list.gauge("penstock_control_silent", "1: the dataplane ignores health, as control's heartbeat is too old.", {},
             number(page.control_silent.get()));
}

void add_probes(MetricList& list, const Labels& labels, const char* protocol, const MetricsProbes& probes) {
  Labels with = labels;
  with.emplace_back("protocol", protocol);
  list.counter("penstock_endpoint_probes_total", "Health probes sent.", with, number(probes.sent));
  list.counter("penstock_endpoint_probe_failures_total", "Health probes that were not answered as they should be.",
               with, number(probes.failed));
  if (probes.round_trip) {
    list.gauge("penstock_endpoint_probe_round_trip_seconds", "Of the last health probe that was answered.", with,
               seconds(*probes.round_trip));
  }
}

void add_traffic(MetricList& list, const Labels& labels, const CounterPage& page, size_t slot) {
  const auto sum = [&](auto pick) {
    return total(page, [&](const LcoreCounters& lcore) -> const Counter& { return pick(lcore.endpoints[slot]); });
  };
  using config::EndpointCounters;
  list.counter("penstock_endpoint_queries_total", "Queries sent to the endpoint.", labels,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.queries; })));
  list.counter("penstock_endpoint_responses_total", "Responses of the endpoint that were returned to clients.", labels,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.responses; })));
  list.counter("penstock_endpoint_timeouts_total", "Queries that the endpoint did not answer in time.", labels,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.timeouts; })));
  list.counter("penstock_endpoint_servfails_total", "Responses of the endpoint with RCODE SERVFAIL.", labels,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.servfails; })));
  list.counter("penstock_endpoint_refused_total", "Responses of the endpoint with RCODE REFUSED.", labels,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.refused; })));
  list.counter("penstock_endpoint_over_budget_total",
               "Queries that did not go to the endpoint as its rate budget was spent.", labels,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.over_budget; })));
  list.counter("penstock_endpoint_odd_responses_total",
               "Responses in the name of the endpoint that fit no query sent to it: late, doubled or forged.", labels,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.odd_responses; })));
  list.counter("penstock_endpoint_tcp_queries_total", "Queries sent to the endpoint over TCP.", labels,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.stream_queries; })));
  list.counter("penstock_endpoint_tcp_responses_total", "Responses of the endpoint over TCP.", labels,
               number(sum([](const EndpointCounters& one) -> const Counter& { return one.stream_responses; })));
  list.counter("penstock_endpoint_tcp_timeouts_total", "Queries over TCP that the endpoint did not answer in time.",
               labels, number(sum([](const EndpointCounters& one) -> const Counter& { return one.stream_timeouts; })));
  list.gauge("penstock_endpoint_without_edns",
             "1: the endpoint is asked without EDNS, and so without DNSSEC, as it answers an OPT with an error.",
             labels, sum([](const EndpointCounters& one) -> const Counter& { return one.without_edns; }) != 0 ? 1 : 0);
  list.gauge("penstock_endpoint_tcp_connection_use",
             "What the endpoint bears of a TCP connection: 0 many queries at once, 1 one after the other, 2 one.",
             labels, number(page.slow.stream_use[slot].get()));
  list.gauge("penstock_endpoint_rate", "Queries a second sent to the endpoint, over the last second.", labels,
             number(page.endpoint_rate[slot].get()));
  auto& histogram = list.histogram("penstock_endpoint_latency_seconds",
                                   "From a query to its response, in powers of two of a microsecond.", labels);
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

void add_endpoint(MetricList& list, const MetricsEndpoint& endpoint, const CounterPage* page) {
  const Labels labels = {{"pool", endpoint.pool}, {"address", endpoint.address}};
  using config::Health;
  list.gauge("penstock_endpoint_up", "1: the endpoint answers its probes, or was not probed yet; 0: it is down.",
             labels, endpoint.health == Health::down ? 0 : 1);
  for (const Condition condition : kConditions) {
    Labels with = labels;
    with.emplace_back("state", to_string(condition));
    list.gauge("penstock_endpoint_state",
               "1 at the endpoint's state, the worst that holds; only one that is down is avoided.", with,
               endpoint.condition == condition ? 1 : 0);
  }
  list.gauge("penstock_endpoint_state_timestamp_seconds", "Since when the endpoint has its state.", labels,
             unix_seconds(endpoint.since));
  list.gauge("penstock_endpoint_drained", "1: drained by an operator.", labels, endpoint.drained ? 1 : 0);
  list.gauge("penstock_endpoint_reachable", "1: the next hop towards the endpoint is known.", labels,
             endpoint.reachable ? 1 : 0);
  list.gauge("penstock_endpoint_budget", "Queries a second that the endpoint is sent at most; 0: no budget.", labels,
             endpoint.budget);
  if (page != nullptr && endpoint.slot && *endpoint.slot < config::kMaxEndpoints && endpoint.budget > 0)
    list.gauge("penstock_endpoint_budget_used_ratio", "Share of its budget that the endpoint is sent.", labels,
               number(page->endpoint_rate[*endpoint.slot].get()) / endpoint.budget);
  add_probes(list, labels, "udp", endpoint.udp);
  add_probes(list, labels, "tcp", endpoint.tcp);
  if (page != nullptr && endpoint.slot && *endpoint.slot < config::kMaxEndpoints)
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

std::vector<prometheus::MetricFamily> collect(const MetricsView& view, BusyShare& busy_share,
                                              std::chrono::system_clock::time_point now) {
  MetricList list;
  list.gauge("penstock_build_info", "1; what was built.", {{"version", PENSTOCK_VERSION}}, 1);
  list.gauge("process_start_time_seconds", "Start of the control process since the Unix epoch in seconds.", {},
             unix_seconds(view.started_at));
  list.gauge("penstock_dataplane_up", "1: control is connected to a dataplane.", {}, view.page ? 1 : 0);
  add_rules(list, view, now);
  if (view.page) {
    list.gauge("penstock_dataplane_start_time_seconds", "Start of the dataplane since the Unix epoch in seconds.", {},
               number(view.page->started_at));
    add_packets(list, *view.page);
    add_cache(list, *view.page);
    add_lcores(list, *view.page, busy_share);
    add_ports(list, view);
    add_slow_lane(list, view.page->slow);
    add_entropy(list, view);
  }
  add_events(list, view);
  for (const MetricsEndpoint& endpoint : view.endpoints) add_endpoint(list, endpoint, view.page.get());
  return list.take();
}

}  // namespace penstock::control
