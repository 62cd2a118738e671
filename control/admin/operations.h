// control/admin/operations.h - what penstockctl may see and do: the admin room asks, Control answers.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/counters.h"
#include "config/contract/endpoint_state.h"
#include "config/contract/link.h"
#include "config/model.h"
#include "control/admin/memory_share.h"
#include "control/events/event_log.h"
#include "control/health/health_checker.h"

namespace penstock::control {

struct AdminEndpoint {
  EndpointHealth health;
  std::optional<uint16_t> slot;
  config::EndpointState state;  // what the dataplane is told; empty without a slot
  std::string no_next_hop;      // why there is none; empty: there is one, or nobody knows
  uint32_t budget = 0;          // queries/s, 0: none
};

struct RefusedFile {
  std::chrono::system_clock::time_point at;
  std::vector<std::string> reasons;  // each a line, as `penstockctl check` prints it; not empty
  // Of the last good copy that the rules in force come from, as control has found the file so at its start; empty: they were in
  // force when the file was refused.
  std::string copy;
  std::chrono::system_clock::time_point copied_at;
};

// A picture of one moment.
struct AdminState {
  std::string config_file;
  std::chrono::system_clock::time_point started_at;  // of the control process
  std::shared_ptr<const config::Model> model;        // the rules in force
  uint64_t generation = 0;
  uint64_t acknowledged = 0;  // by the dataplane that is connected now, 0: none yet
  std::chrono::system_clock::time_point built_at;
  uint32_t zones = 0;
  uint64_t image_bytes = 0;
  uint32_t slots_used = 0;
  std::string dataplane_socket;
  std::optional<config::Hello> hello;               // empty: not connected
  std::shared_ptr<const config::CounterPage> page;  // null: not connected
  std::optional<std::chrono::nanoseconds> heartbeat_age;
  uint32_t ports_of_an_lcore = 0;  // source ports; 0: not connected
  MemoryShare recent;              // of the last seconds
  std::vector<AdminEndpoint> endpoints;
  std::deque<WrittenEvent> events;  // the last ones
  std::array<uint64_t, kEventKinds> event_counts{};
  uint64_t events_missed = 0;
  uint64_t reloads_succeeded = 0;
  uint64_t reloads_failed = 0;
  std::string last_failure;                 // of a reload or a publication, in words; empty: the last one was good
  std::optional<RefusedFile> refused_file;  // the configuration on disk is not the one in force
  std::string metrics_failure;              // why nobody serves metrics; empty: they are served, or not wanted
  std::vector<std::string> restart_needed;
};

struct ReloadResult {
  bool ok = false;
  std::string text;                  // one line
  std::vector<std::string> details;  // findings, or the names that the removal guard holds back
  uint64_t generation = 0;           // now in force
};

class Operations {
 public:
  virtual ~Operations() = default;
  virtual AdminState admin_state() = 0;
  virtual void reload(bool accept_removals, std::function<void(const ReloadResult&)>) = 0;
  // `client`: of family 0 for one of no group.
  virtual void lookup(const config::WireName&, const config::IpAddress& client,
                      std::function<void(tl::expected<config::Found, std::string>)>) = 0;
  // Has the dataplane forget remembered answers; the name is folded, and empty for all of them.
  virtual void flush(config::FlushScope, const config::WireName&,
                     std::function<void(tl::expected<config::Flushed, std::string>)>) = 0;
  // How many endpoints have the address.
  virtual size_t drain(const config::IpAddress&, bool drained) = 0;
};

}  // namespace penstock::control
