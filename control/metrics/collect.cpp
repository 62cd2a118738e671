#include "control/metrics/collect.h"

#include <algorithm>
#include <string>

#include "config/source_ports.h"
#include "control/metrics/collect_parts.h"

namespace penstock::control {
namespace {

using config::Counter;
using config::CounterPage;
using config::LcoreCounters;

// RFC 6895 section 2.3, the values that fit a header.
constexpr const char* kRcodes[16] = {"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
                                     "YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE", "DSOTYPENI",
                                     "RCODE12",  "RCODE13", "RCODE14",  "RCODE15"};

void add_packets(MetricList& list, const CounterPage& page) {
  list.add("penstock_received_frames_total", {},
           number(total(page, [](const LcoreCounters& lcore) -> const Counter& { return lcore.received; })));
  for (const Stage& stage : kStages)
    for (size_t i = 0; i < stage.outcomes.size(); ++i)
      list.add(FamilyName(find_family(stage.metric)), {{stage.label, stage.outcomes[i].name}},
               number(total(page, stage, i)));
  list.add("penstock_partial_checksum_frames_total", {},
           number(total(page, [](const LcoreCounters& lcore) -> const Counter& { return lcore.checksum_partial; })));
  for (size_t i = 0; i < 16; ++i)
    list.add("penstock_returned_responses_total", {{"rcode", kRcodes[i]}},
             number(total(page, [i](const LcoreCounters& lcore) -> const Counter& { return lcore.rcodes[i]; })));
  list.add("penstock_kernel_frames_total", {{"outcome", "sent"}}, number(page.door_sent.get()));
  list.add("penstock_kernel_frames_total", {{"outcome", "lost"}}, number(page.door_lost.get()));
  list.add("penstock_accounting_residual", {}, static_cast<double>(config::accounting_residual(page)));
}

// What is in it now; what was answered from it is in penstock_queries_total.
void add_cache(MetricList& list, const CounterPage& page) {
  list.add("penstock_cache_entries", {}, number(page.cache_entries.get()));
  list.add("penstock_cache_used_bytes", {}, number(page.cache_used.get()));
  list.add("penstock_cache_size_bytes", {}, number(page.cache_size.get()));
  list.add("penstock_cache_evictions_total", {}, number(page.cache_evicted.get()));
  list.add("penstock_cache_flushed_entries_total", {}, number(page.cache_flushed.get()));
}

void add_tables(MetricList& list, const CounterPage& page, const LcoreCounters& lcore, const std::string& index) {
  list.add("penstock_pending_queries", {{"lcore", index}}, number(lcore.pending.get()));
  list.add("penstock_pending_queries_limit", {{"lcore", index}}, page.pending_capacity);
  list.add("penstock_waiting_clients", {{"lcore", index}}, number(lcore.waiting.get()));
  list.add("penstock_waiting_clients_limit", {{"lcore", index}}, page.waiting_capacity);
  for (const auto& [table, taken, places] : {std::tuple{"deliveries", &lcore.deliveries, page.delivery_capacity},
                                             {"answers_kept", &lcore.answers_kept, page.answer_capacity},
                                             {"chases", &lcore.chases, page.chase_capacity},
                                             {"shares", &lcore.shares, page.share_capacity}}) {
    list.add("penstock_table_entries", {{"lcore", index}, {"table", table}}, number(taken->get()));
    list.add("penstock_table_entries_limit", {{"lcore", index}, {"table", table}}, places);
  }
}

void add_lcores(MetricList& list, const CounterPage& page, BusyShare& busy_share) {
  const auto now = std::chrono::steady_clock::now();
  const auto lcores = lcores_of(page);
  for (size_t i = 0; i < lcores.size(); ++i) {
    const std::string index = std::to_string(i);
    const LcoreCounters& lcore = lcores[i];
    const uint64_t busy = lcore.busy_cycles.get();
    const uint64_t idle = lcore.idle_cycles.get();
    list.add("penstock_lcore_cycles_total", {{"lcore", index}, {"state", "busy"}}, number(busy));
    list.add("penstock_lcore_cycles_total", {{"lcore", index}, {"state", "idle"}}, number(idle));
    list.add("penstock_lcore_busy_ratio", {{"lcore", index}}, busy_share.of(i, busy, idle, now));
    list.add("penstock_lcore_turns_total", {{"lcore", index}}, number(lcore.turns.get()));
    list.add("penstock_lcore_ruleset_generation", {{"lcore", index}}, number(lcore.generation.get()));
    add_tables(list, page, lcore, index);
  }
}

void add_ports(MetricList& list, const StatusView& view) {
  const CounterPage& page = *view.page;
  list.add("penstock_ring_frames", {}, number(page.ring_used.get()));
  list.add("penstock_ring_frames_limit", {}, page.ring_capacity);
  list.add("penstock_mbufs_used", {}, number(page.mbufs_used.get()));
  list.add("penstock_mbufs_limit", {}, page.mbuf_capacity);
  list.add("penstock_listen_addresses", {}, number(page.listen_addresses.get()));
  list.add("penstock_listen_addresses_not_followed", {}, number(page.listen_not_followed.get()));
  list.add("penstock_ports_gone", {}, number(page.ports_gone.get()));
  list.add("penstock_gateways_unknown", {}, number(page.gateways_unknown.get()));
  list.add("penstock_interfaces_followed", {}, number(page.interfaces_followed.get()));
  const size_t count = std::min<size_t>({view.hello ? view.hello->ports : 0, page.ports_used, page.ports.size()});
  for (size_t i = 0; i < count; ++i) {
    const config::PortCounters& port = page.ports[i];
    const std::string name = to_text(view.hello->port[i].name);
    for (const auto& [reason, counter] : {std::pair{"receive_missed", &port.receive_missed},
                                          {"receive_errors", &port.receive_errors},
                                          {"receive_no_mbuf", &port.receive_no_mbuf},
                                          {"transmit_errors", &port.transmit_errors}})
      list.add("penstock_port_lost_frames_total", {{"port", name}, {"reason", reason}}, number(counter->get()));
  }
}

// Of the lcore where a forger has it easiest.
void add_entropy(MetricList& list, const StatusView& view) {
  const CounterPage& page = *view.page;
  uint64_t most = 0;
  for (const LcoreCounters& lcore : lcores_of(page)) most = std::max(most, lcore.pending.get());
  const double slots = std::max(1.0, page.pending_capacity * 4 / 3.0);  // three quarters of them are used at most
  list.add("penstock_query_entropy", {}, config::entropy_bits(view.ports_of_an_lcore, 1 - number(most) / slots));
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
  add_clients(list, view);
  if (view.page) {
    add_packets(list, *view.page);
    add_cache(list, *view.page);
    add_lcores(list, *view.page, busy_share);
    add_ports(list, view);
    add_slow_lane(list, view.page->slow);
    add_entropy(list, view);
  }
  add_endpoints(list, view);
  add_rules(list, view, now);
  add_processes(list, view);
  return list.take();
}

}  // namespace penstock::control
