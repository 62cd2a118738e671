// control/metrics/metrics_view.h - what a scrape sees: the counter page and what the control process knows
// beside it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/contract/counters.h"
#include "config/contract/endpoint_state.h"
#include "control/events/event_log.h"
#include "control/health/condition.h"

namespace penstock::control {

struct MetricsProbes {
  uint64_t sent = 0;
  uint64_t failed = 0;
  std::optional<std::chrono::microseconds> round_trip;  // of the last probe that was answered
};

struct MetricsEndpoint {
  std::string pool;
  std::string address;           // text, without a port
  std::optional<uint16_t> slot;  // of the page's per-endpoint counters; empty: none given yet
  config::Health health = config::Health::unknown;
  Condition condition = Condition::unknown;
  std::string reason;  // for people; never a label
  std::chrono::system_clock::time_point since;
  bool drained = false;
  bool reachable = false;  // the next hop is known
  uint32_t budget = 0;     // queries/s, 0: none
  MetricsProbes udp;
  MetricsProbes tcp;
};

// Immutable once handed out: the scrape reads it on a thread of the HTTP server.
struct MetricsView {
  std::shared_ptr<const config::CounterPage> page;  // keeps the mapping alive; null: no dataplane
  std::vector<MetricsEndpoint> endpoints;           // at most one for a pool and address
  // The endpoint state page's heartbeat as the dataplane would judge it; empty: no dataplane.
  std::optional<std::chrono::nanoseconds> heartbeat_age;
  std::vector<std::string> ports;  // names, in the order of the page's
  uint32_t ports_of_an_lcore = 0;  // source ports
  std::array<uint64_t, kEventKinds> event_counts{};
  uint64_t events_missed = 0;
  uint64_t generation = 0;  // of the rules that control compiled last, 0: none
  std::optional<std::chrono::system_clock::time_point> built_at;
  uint64_t zones = 0;
  uint64_t rules = 0;
  uint64_t reloads_succeeded = 0;
  uint64_t reloads_failed = 0;
  bool last_reload_good = true;  // false: the file on disk was refused
  bool runs_by_copy = false;     // the rules are those of the last good copy, as the file was refused at the start
  std::chrono::system_clock::time_point reloaded_at;  // with success; at first the start
  std::chrono::system_clock::time_point started_at;   // of the control process
};

}  // namespace penstock::control
