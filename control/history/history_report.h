// control/history/history_report.h - the history for `penstockctl rules history`: as JSON, and as a table of that.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/history/history.h"

namespace penstock::control {

// The newest first.
nlohmann::json history_report(const History&);
std::string render_history(const nlohmann::json& report);

}  // namespace penstock::control
