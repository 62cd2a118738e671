// dataplane/path/choose_endpoint.h - which endpoint of a pool a query goes to.
#pragma once

#include <cstdint>

#include "config/image.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

constexpr uint32_t kNoEndpoint = 0xffffffff;

// Round robin over the endpoints that can be reached and are up. When there is none, over those that can be reached: probes
// may be wrong, and a name never goes to another pool. The index is the ruleset's; kNoEndpoint: none can be reached.
uint32_t choose_endpoint(state::Lcore& lcore, const config::ImagePool& pool);

}  // namespace penstock::path
