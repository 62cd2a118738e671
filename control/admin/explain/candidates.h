// control/admin/explain/candidates.h - the rules that compete for a name, and why each wins or loses.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "config/contract/link.h"
#include "config/model.h"

namespace penstock::control {

// [{"zone", "origin", "file", "line", "does", "clients", "outcome": "wins" | "loses" | "passed on" | "does not apply", "why"}], in the order in
// which they count, the default last. `found`: the dataplane's choice for the folded wire name, by the rules of the model.
nlohmann::json candidates(const config::Model& model, const config::WireName& name, const config::Found& found);

}  // namespace penstock::control
