// control/changes/changes_report.h - what a file would change, as JSON: for `penstockctl rules diff` and `reload --dry-run`.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "control/changes/preview.h"

namespace penstock::control {

// "verdict" is "nothing", "changes" or "refused".
nlohmann::json preview_report(const Preview&);

}  // namespace penstock::control
