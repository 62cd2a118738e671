// control/admin/explain/query.h - the query that endpoints get, read back from the octets that the dataplane composed.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "config/contract/inquiry/question.h"
#include "config/model.h"

namespace penstock::control {

// {"name", "type", "flags", "udp_size", "dnssec_ok", "options": ["ECS 192.168.10.0/24", "65001, 4 octets"], "octets", "transport", "random_case",
// "source": of the pool}. Null: the dataplane composed nothing.
nlohmann::json query_report(const config::Composed& composed, const config::Pool& pool);

}  // namespace penstock::control
