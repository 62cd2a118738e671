// dataplane/path/choose/patience.h - how long an endpoint may take before another one is asked.
#pragma once

#include "config/contract/image.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// In ns, by what the endpoint has taken lately and the kind of its pool.
uint64_t patience_with(const state::Lcore& lcore, const config::ImagePool& pool, config::EndpointSlot endpoint_slot);

}  // namespace penstock::path
