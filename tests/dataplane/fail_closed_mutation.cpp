// tests/dataplane/fail_closed_mutation.cpp - the mistake that fail_closed_test must find: the default's pool as a last resort.
//
// Linked before the path, whose own choice is built once more under the name choose_within_pool.
#include "dataplane/path/choose/choose_endpoint.h"

namespace penstock::path {

Choice choose_within_pool(state::Lcore& lcore, const config::ImagePool& pool,
                          std::span<const config::EndpointSlot> asked, const state::AddressBytes& client,
                          uint8_t family);

Choice choose_endpoint(state::Lcore& lcore, const config::ImagePool& pool, std::span<const config::EndpointSlot> asked,
                       const state::AddressBytes& client, uint8_t family) {
  const Choice choice = choose_within_pool(lcore, pool, asked, client, family);
  const config::RuleIndex otherwise = lcore.rules->header().default_rule;
  if (choice.endpoint != kNoEndpoint || otherwise == config::kNoRule) return choice;
  return choose_within_pool(lcore, lcore.rules->pool(lcore.rules->rule(otherwise).pool), asked, client, family);
}

}  // namespace penstock::path
