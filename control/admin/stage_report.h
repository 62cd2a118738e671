// control/admin/stage_report.h - listed counters of the dataplane as JSON, by the tables of their names.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "control/view/stages.h"

namespace penstock::control {

// Of all lcores, by outcome.
nlohmann::json stage_report(const config::CounterPage&, const Stage&);
// All stages, by name.
nlohmann::json stages_report(const config::CounterPage&);
nlohmann::json slow_lane_report(const config::SlowCounters&);

}  // namespace penstock::control
