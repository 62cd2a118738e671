// control/admin/query_commands.h - queries that are over, for `penstockctl tail`, `grep` and `top` (config/contract/decisions).
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "control/view/status_view.h"

namespace penstock::control {

// {"command": "queries", "from": "oldest" | "now" | CURSOR, "most": 100, "form": "text", "match": "a.example", "rcode": "SERVFAIL", ...}
// Answered by "queries" (objects, or lines with "form": "text"), "cursor" (where to go on: send it as "from"), "missed" (slots overwritten before they were read) and "more".
nlohmann::json queries_answer(const StatusView&, const nlohmann::json& request);

// {"command": "top", "seconds": 10, "count": 10, "match": ...}
nlohmann::json top_answer(const StatusView&, const nlohmann::json& request);

}  // namespace penstock::control
