// control/admin/reports.h - a moment of the control process as JSON: what `penstockctl --json` prints.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "control/admin/operations.h"

namespace penstock::control {

nlohmann::json status_report(const StatusView&);
nlohmann::json endpoints_report(const StatusView&);
// `penstockctl health`: ready, reason, pools, and all of that in words as "text". "healthy": ready, and an endpoint of `pool` is up, unless
// it is empty.
nlohmann::json health_report(const StatusView&, const std::string& pool);
// "forward", "nxdomain", ...
const char* action_text(config::Action);
// `found` is the dataplane's answer for the folded wire `name`; it must be of the state's generation.
nlohmann::json explain_report(const StatusView&, const config::WireName& name, const std::string& type,
                              const config::IpAddress& client, const config::Found& found);

}  // namespace penstock::control
