// dataplane/path/choose_endpoint.h - which endpoint of a pool a query goes to: the less busy one of two drawn at random.
//
// No endpoint gets all of the load, however near it is, and one that stops answering gets little: what it owes is outstanding.
#pragma once

#include <cstdint>
#include <span>

#include "config/image.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

constexpr uint32_t kNoEndpoint = 0xffffffff;

// Of the endpoints that can be reached: up and not asked yet, else up, else down (probes may be wrong, and a name never
// goes to another pool), else one that was taken out by hand. `asked`: slots that this query has gone to already. The result
// indexes the ruleset's endpoints; kNoEndpoint: none can be reached.
uint32_t choose_endpoint(state::Lcore& lcore, const config::ImagePool& pool, std::span<const uint16_t> asked);

}  // namespace penstock::path
