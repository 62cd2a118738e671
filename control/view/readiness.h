// control/view/readiness.h - when the service manager is told that control is ready, and in what words.
#pragma once

#include <chrono>
#include <string>

#include "control/view/status_view.h"

namespace penstock::control {

// Queries can be served, or it will not help to wait longer. `up`: since the start.
bool is_ready(const StatusView&, std::chrono::steady_clock::duration up);
std::string status_line(const StatusView&);

}  // namespace penstock::control
