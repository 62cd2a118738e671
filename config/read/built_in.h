// config/read/built_in.h - names that are answered here, and not written.
#pragma once

#include <vector>

#include "config/contract/name.h"

namespace penstock::config {

// Those of `empty_zones: on`: RFC 6303 section 4.1, 4.3, 4.5 and RFC 7793, but for what is always built in.
std::vector<WireName> empty_zone_names();

}  // namespace penstock::config
