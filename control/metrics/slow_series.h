// control/metrics/slow_series.h - the metric of each counter and level of the slow lane (config/contract/slow_counters.h): families of one
// kind of thing each, so that a sum over one means something.
#pragma once

#include <algorithm>
#include <iterator>

#include "control/metrics/families.h"

namespace penstock::control {

struct SlowSeries {
  config::SlowCounter counter;
  std::string_view family;
  const char* label = nullptr;  // null: the counter is the whole family
  const char* value = nullptr;
};

using config::SlowCounter;
inline constexpr SlowSeries kSlowSeries[] = {
    {SlowCounter::accepted, "penstock_tcp_accepted_connections_total"},
    {SlowCounter::shed_total, "penstock_tcp_closed_connections_total", "reason", "shed_total"},
    {SlowCounter::shed_client, "penstock_tcp_closed_connections_total", "reason", "shed_client"},
    {SlowCounter::no_descriptor, "penstock_tcp_unaccepted_connections_total"},
    {SlowCounter::idle_closed, "penstock_tcp_closed_connections_total", "reason", "idle_closed"},
    {SlowCounter::slow_reader, "penstock_tcp_closed_connections_total", "reason", "slow_reader"},
    {SlowCounter::broken, "penstock_tcp_closed_connections_total", "reason", "broken"},
    {SlowCounter::no_room, "penstock_tcp_closed_connections_total", "reason", "no_room"},
    {SlowCounter::dropped, "penstock_tcp_closed_connections_total", "reason", "dropped"},
    {SlowCounter::transfer_cut, "penstock_tcp_closed_connections_total", "reason", "transfer_cut"},
    {SlowCounter::left, "penstock_tcp_closed_connections_total", "reason", "left"},
    {SlowCounter::queries, "penstock_tcp_queries_total"},
    {SlowCounter::paused, "penstock_tcp_paused_connections_total"},
    {SlowCounter::answers, "penstock_tcp_answers_total", "outcome", "written"},
    {SlowCounter::gone, "penstock_tcp_answers_total", "outcome", "gone"},
    {SlowCounter::datagram_queries, "penstock_reassembled_queries_total"},
    {SlowCounter::datagram_answers, "penstock_reassembled_answers_total"},
    {SlowCounter::datagrams_lost, "penstock_reassembled_lost_messages_total"},
    {SlowCounter::no_frame, "penstock_slow_lane_shortages_total", "resource", "frame"},
    {SlowCounter::ring_full, "penstock_slow_lane_shortages_total", "resource", "ring"},
    {SlowCounter::upstream_connects, "penstock_upstream_tcp_connects_total", "result", "established"},
    {SlowCounter::upstream_failed, "penstock_upstream_tcp_connects_total", "result", "failed"},
    {SlowCounter::upstream_closed, "penstock_upstream_tcp_broken_connections_total"},
    {SlowCounter::upstream_queries, "penstock_upstream_tcp_queries_total"},
    {SlowCounter::upstream_resent, "penstock_upstream_tcp_resent_queries_total", "reason", "connection_ended"},
    {SlowCounter::upstream_alone, "penstock_upstream_tcp_resent_queries_total", "reason", "unanswered"},
    {SlowCounter::upstream_responses, "penstock_upstream_tcp_responses_total", "outcome", "passed"},
    {SlowCounter::upstream_unknown, "penstock_upstream_tcp_responses_total", "outcome", "unknown"},
    {SlowCounter::upstream_lost, "penstock_upstream_tcp_lost_queries_total"},
    {SlowCounter::transfers, "penstock_zone_transfers_started_total"},
    {SlowCounter::transfer_messages, "penstock_zone_transfer_messages_total"},
    {SlowCounter::transfers_done, "penstock_zone_transfers_ended_total", "result", "done"},
    {SlowCounter::transfers_failed, "penstock_zone_transfers_ended_total", "result", "failed"},
    {SlowCounter::transfers_over, "penstock_zone_transfers_ended_total", "result", "over"},
    {SlowCounter::transfers_broken, "penstock_zone_transfers_ended_total", "result", "broken"},
    {SlowCounter::transfers_quiet, "penstock_zone_transfers_ended_total", "result", "quiet"},
    {SlowCounter::transfers_left, "penstock_zone_transfers_ended_total", "result", "left"},
};

// In the order of SlowGauge.
inline constexpr std::string_view kSlowLevels[] = {
    "penstock_tcp_connections",          "penstock_tcp_pending_queries",          "penstock_tcp_buffered_bytes",
    "penstock_upstream_tcp_connections", "penstock_upstream_tcp_pending_queries", "penstock_zone_transfers"};

constexpr bool has_all_slow_series() {
  if (std::size(kSlowSeries) != config::kSlowCounters || std::size(kSlowLevels) != config::kSlowGauges) return false;
  for (size_t at = 0; at < std::size(kSlowSeries); ++at)
    if (static_cast<size_t>(kSlowSeries[at].counter) != at || find_family(kSlowSeries[at].family) == kNoFamily)
      return false;
  return std::none_of(std::begin(kSlowLevels), std::end(kSlowLevels),
                      [](std::string_view name) { return find_family(name) == kNoFamily; });
}
static_assert(has_all_slow_series(), "each counter and level of the slow lane has its series, in their order");

}  // namespace penstock::control
