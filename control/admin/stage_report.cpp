#include "control/admin/stage_report.h"

#include <nlohmann/json.hpp>

namespace penstock::control {

using nlohmann::json;

json stage_report(const config::CounterPage& page, const Stage& stage) {
  json of;
  for (size_t i = 0; i < stage.outcomes.size(); ++i) of[stage.outcomes[i].name] = total(page, stage, i);
  return of;
}

json stages_report(const config::CounterPage& page) {
  json of;
  for (const Stage& stage : kStages) of[stage.name] = stage_report(page, stage);
  return of;
}

json slow_lane_report(const config::SlowCounters& slow) {
  json of;
  for (size_t i = 0; i < config::kSlowCounters; ++i) of[kSlowCounterNames[i].name] = slow.counters[i].get();
  for (size_t i = 0; i < config::kSlowGauges; ++i) of["now"][kSlowGaugeNames[i].name] = slow.gauges[i].get();
  return of;
}

}  // namespace penstock::control
