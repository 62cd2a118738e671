// control/view/status_view.h - one moment of the control process: what penstockctl, metrics and readiness read.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/contract/counters.h"
#include "config/contract/endpoint_state.h"
#include "config/contract/link.h"
#include "config/model.h"
#include "config/process_use.h"
#include "control/events/event_log.h"
#include "control/health/health_checker.h"
#include "control/history/history.h"
#include "control/lifecycle/reload_record.h"
#include "control/queries/rule_answers.h"
#include "control/view/memory_share.h"
#include "control/view/turn_watch.h"

namespace penstock::control {

struct EndpointView {
  EndpointHealth health;
  std::optional<config::EndpointSlot> slot;
  config::EndpointState state;  // what the dataplane is told; empty without a slot
  std::string no_next_hop;      // why there is none; empty: there is one, or nobody knows
  uint32_t budget = 0;          // queries/s, 0: none
};

// Of the query log, or of dnstap.
struct QueryFeedView {
  uint64_t sent = 0;  // queries
  uint64_t lost = 0;
  std::string failure;  // why none is taken; empty: they are, or none is to be
};

// Built in one place (build_view.h). Immutable once handed out: a scrape reads it on the thread of the HTTP server.
struct StatusView {
  std::string config_file;
  std::chrono::system_clock::time_point started_at;  // of the control process
  std::shared_ptr<const config::Model> model;        // the rules in force; never null
  uint64_t generation = 0;                           // 0: no rules yet
  uint64_t acknowledged = 0;                         // by the dataplane that is connected now, 0: none yet
  std::chrono::system_clock::time_point built_at;
  uint32_t zones = 0;
  uint64_t image_bytes = 0;
  uint32_t slots_used = 0;
  std::string dataplane_socket;
  std::optional<config::Hello> hello;               // empty: not connected
  std::shared_ptr<const config::CounterPage> page;  // keeps the mapping alive; null: not connected
  std::optional<std::chrono::nanoseconds> heartbeat_age;
  uint32_t ports_of_an_lcore = 0;       // source ports; 0: not connected
  MemoryShare recent;                   // of the last seconds
  std::vector<EndpointView> endpoints;  // one for a pool and address
  std::deque<WrittenEvent> events;      // the last ones
  std::array<uint64_t, kEventKinds> event_counts{};
  uint64_t events_missed = 0;
  ReloadRecord reloads;
  std::optional<Generation> rollback;  // the rules in force are not those of the file on disk, which it has left
  std::vector<HungLcore> hung_lcores;
  std::string metrics_failure;  // why nobody serves metrics; empty: they are served, or not wanted
  std::string metrics_warning;  // what is served by an old certificate or to users of before; empty: nothing is
  QueryFeedView query_log;
  QueryFeedView dnstap;
  std::vector<RuleAnswers> rule_answers;  // of the rules in force
  uint64_t rule_answers_missed = 0;
  config::ProcessUse use;  // of the control process
  std::vector<std::string> restart_needed;

  bool is_published() const { return generation != 0 && acknowledged == generation; }
};

// A name in a message of the dataplane.
inline std::string to_text(const std::array<char, 16>& name) {
  return {name.data(), strnlen(name.data(), name.size())};
}

}  // namespace penstock::control
