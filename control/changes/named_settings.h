// control/changes/named_settings.h - the parts of a configuration in words, a setting a key.
//
// Each function names every setting of its part: one that is added does not compile until somebody says how it is told.
#pragma once

#include <vector>

#include "config/model.h"
#include "control/changes/settings.h"

namespace penstock::control {

std::vector<Named> pools_of(const config::Model&);
// "vpc 10.16.1.10"
std::vector<Named> endpoints_of_pools(const config::Model&);
// "clients" itself, then "group NAME".
std::vector<Named> clients_of(const config::Model&);
// What is none of the others, without what host_settings() has.
std::vector<Setting> other_settings(const config::Model&);
// What becomes of the names of a rule.
std::vector<Setting> settings_of(const config::Model&, const config::Rule&);
// Of indices into Clients::groups.
std::vector<std::string> group_names(const config::Model&, const std::vector<uint32_t>& groups);

}  // namespace penstock::control
