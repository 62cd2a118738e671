// control/view/build_view.h - the parts of control that a view is made of.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "control/events/event_log.h"
#include "control/events/event_reader.h"
#include "control/health/health_checker.h"
#include "control/lifecycle/rule_lifecycle.h"
#include "control/link/dataplane_link.h"
#include "control/link/endpoint_slots.h"
#include "control/neighbours/next_hop_mirror.h"
#include "control/queries/answer_counts.h"
#include "control/queries/dnstap/dnstap.h"
#include "control/queries/query_log.h"
#include "control/view/memory_share.h"
#include "control/view/status_view.h"

namespace penstock::control {

struct ViewSources {
  std::chrono::system_clock::time_point started_at;
  const RuleLifecycle& lifecycle;
  const DataplaneLink& link;
  const std::optional<DataplaneSession>& session;
  const EndpointSlots& slots;
  const HealthChecker& health;
  const NextHopMirror& next_hops;
  const EventReader& event_reader;
  const EventLog& event_log;
  const RecentMemoryShare& recent;
  const std::vector<HungLcore>& hung_lcores;
  const std::string& metrics_failure;
  const std::string& metrics_warning;
  const QueryLog& query_log;
  const AnswerCounts& answer_counts;
  const Dnstap& dnstap;
};

StatusView build_view(const ViewSources&);

}  // namespace penstock::control
