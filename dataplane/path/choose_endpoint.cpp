#include "dataplane/path/choose_endpoint.h"

namespace penstock::path {

uint32_t choose_endpoint(state::Lcore& lcore, const config::ImagePool& pool) {
  uint32_t last_resort = kNoEndpoint;
  uint32_t at = lcore.turn_of_pool[pool.first_endpoint];
  for (uint32_t tried = 0; tried < pool.endpoint_count; ++tried) {
    if (++at >= pool.endpoint_count) at = 0;
    const uint32_t endpoint = pool.first_endpoint + at;
    const state::EndpointHop& hop = lcore.hops[endpoint];
    if (!hop.reachable) continue;
    if (!hop.drained && (!hop.down || lcore.control_silent)) {
      lcore.turn_of_pool[pool.first_endpoint] = static_cast<uint16_t>(at);
      return endpoint;
    }
    // A down endpoint is a better last resort than one that was taken out by hand.
    if (last_resort == kNoEndpoint || (lcore.hops[last_resort].drained && !hop.drained)) last_resort = endpoint;
  }
  if (last_resort != kNoEndpoint)
    lcore.turn_of_pool[pool.first_endpoint] = static_cast<uint16_t>(last_resort - pool.first_endpoint);
  return last_resort;
}

}  // namespace penstock::path
