// control/admin/cache_report.h - what is remembered of answers, as JSON: all of it, a line of status, and what holds for one name.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "control/admin/operations.h"

namespace penstock::control {

// `penstockctl cache`.
nlohmann::json cache_report(const StatusView&);
// The numbers alone; null: no dataplane is connected.
nlohmann::json cache_numbers(const StatusView&);
// For how long answers of a rule that forwards are remembered, for the folded wire `name`.
nlohmann::json cache_of_name(const StatusView&, const config::Rule&, std::string_view name);

}  // namespace penstock::control
