// dataplane/path/choose/choose_endpoint.h - which endpoint of a pool a query goes to: whom the pool's policy picks, unless something
// speaks against it.
#pragma once

#include <cstdint>
#include <span>

#include "config/contract/image.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

using config::kNoEndpoint;

enum class Obstacle : uint8_t {
  none,
  unreachable,  // no endpoint has a next hop
  over_budget,  // all that could take it have spent their budgets
  loop,         // the only ones that can be reached are where the query came from
};

struct Choice {
  config::EndpointIndex endpoint = kNoEndpoint;  // one send of its budget is spent
  Obstacle obstacle = Obstacle::none;
  config::EndpointIndex origin = kNoEndpoint;  // the endpoint that the query came from: a loop, whoever it is sent to
};

config::EndpointIndex search_endpoint(const state::Lcore& lcore, const config::ImagePool& pool,
                                      const state::AddressBytes& client, uint8_t family);
// The endpoint of the pool that has the client's address, or kNoEndpoint.
inline config::EndpointIndex endpoint_at(const state::Lcore& lcore, const config::ImagePool& pool,
                                         const state::AddressBytes& client, uint8_t family) {
  return lcore.endpoints.filter.may_hold_now(client) ? search_endpoint(lcore, pool, client, family) : kNoEndpoint;
}

// The endpoint for a message that only one server can answer, and the same one as for the client's last: each client has one of those
// of the best standing, the same until their number changes.
Choice choose_for_client(state::Lcore& lcore, const config::ImagePool& pool, const state::AddressBytes& client,
                         uint8_t family);

// For a query of the client at `client`, which is never sent to where it came from. Of the endpoints that can be reached: up
// and not asked yet, else up, else down (probes may be wrong, and a name never goes to another pool), else one that was taken
// out by hand. One that owes much and has answered nothing lately is left aside while another of its standing is not so, but for
// a query now and then. Budgets move a query among those that are up, never on to one that is down or taken out.
// `asked`: slots that this query has gone to already.
Choice choose_endpoint(state::Lcore& lcore, const config::ImagePool& pool, std::span<const config::EndpointSlot> asked,
                       const state::AddressBytes& client, uint8_t family);

}  // namespace penstock::path
