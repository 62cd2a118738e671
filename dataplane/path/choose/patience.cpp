#include "dataplane/path/choose/patience.h"

#include "config/contract/enums.h"

namespace penstock::path {

uint64_t patience_with(const state::Lcore& lcore, const config::ImagePool& pool, config::EndpointSlot endpoint_slot) {
  const bool inbound = static_cast<config::PoolKind>(pool.kind) == config::PoolKind::route53_inbound;
  return inbound ? lcore.endpoints.round_trips.patience_inbound(endpoint_slot)
                 : lcore.endpoints.round_trips.patience_recursive(endpoint_slot);
}

}  // namespace penstock::path
