// control/lifecycle/restart_needs.h - which changes of a reload only take effect after a restart of one of the
// programs.
#pragma once

#include <string>
#include <vector>

#include "config/contract/counters.h"
#include "config/model.h"

namespace penstock::control {

// A line each: "ports: restart penstock-dataplane".
std::vector<std::string> restart_needs(const config::Model& started_with, const config::Model& now);
// What changed on the ports' interfaces and the running dataplane could not follow.
std::vector<std::string> unfollowed(const config::CounterPage& page);

}  // namespace penstock::control
