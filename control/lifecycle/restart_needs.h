// control/lifecycle/restart_needs.h - what needs a restart although no setting has changed (control/changes/host_settings.h has those).
#pragma once

#include <string>
#include <vector>

#include "config/contract/counters.h"

namespace penstock::control {

// What changed on the ports' interfaces and the running dataplane could not follow.
std::vector<std::string> unfollowed(const config::CounterPage& page);

}  // namespace penstock::control
