#include "dataplane/state/endpoints/pool_orders.h"

#include <algorithm>

#include "dataplane/state/endpoints/endpoint_hops.h"

namespace penstock::state {
namespace {

enum class Standing : uint8_t { steady, came_back, down, unusable };

Standing standing(const EndpointHop& hop) {
  if (!hop.reachable || hop.drained) return Standing::unusable;
  if (hop.down) return Standing::down;
  return hop.back_at == 0 ? Standing::steady : Standing::came_back;
}

// When none has stayed, those that came back are as good as any.
void settle_returns(std::span<EndpointHop> hops) {
  for (const EndpointHop& hop : hops)
    if (standing(hop) == Standing::steady) return;
  for (EndpointHop& hop : hops)
    if (standing(hop) == Standing::came_back) hop.back_at = 0;
}

// All together; 0: one of them has no limit.
uint64_t budget_of(HopsOfRules hops, std::span<const config::EndpointIndex> up) {
  uint64_t sum = 0;
  for (const config::EndpointIndex endpoint : up) {
    if (hops[endpoint].budget == 0) return 0;
    sum += hops[endpoint].budget;
  }
  return sum;
}

}  // namespace

void PoolOrders::arrange(const tables::Ruleset& rules, HopsOfRules hops) {
  for (const config::ImagePool& pool : rules.pools()) {
    settle_returns(hops.part(pool.first_endpoint, pool.endpoint_count));
    sort_by_standing(pool, hops);
    Pool& order = pools_[pool.first_endpoint];
    order.budget = budget_of(hops, order_.part(pool.first_endpoint, order.up));
    deal_shares(rules, pool);
  }
}

void PoolOrders::sort_by_standing(const config::ImagePool& pool, HopsOfRules hops) {
  const std::span<config::EndpointIndex> sorted = order_.part(pool.first_endpoint, pool.endpoint_count);
  uint16_t placed = 0;
  const auto place = [&](Standing which) {
    for (const config::EndpointIndex i : pool.endpoints())
      if (standing(hops[i]) == which) sorted[placed++] = i;
    return placed;
  };
  Pool& order = pools_[pool.first_endpoint];
  order.steady = place(Standing::steady);
  order.up = place(Standing::came_back);
  order.up_or_down = place(Standing::down);
}

// What the policy means each to get; `ordered` gives everything to the first that the rules name.
void PoolOrders::deal_shares(const tables::Ruleset& rules, const config::ImagePool& pool) {
  const config::EndpointIndex first = pool.first_endpoint;
  const Pool& order = pools_[first];
  const std::span<const config::EndpointIndex> up = order_.part(first, order.up);
  const auto policy = static_cast<config::Policy>(pool.policy);
  std::array<uint32_t, config::kMaxEndpoints> weights;  // by place in the order
  config::EndpointIndex foremost = config::kNoEndpoint;
  for (uint16_t i = 0; i < order.up; ++i) {
    weights[i] = policy == config::Policy::weighted ? rules.endpoints()[up[i]].weight : 1;
    foremost = std::min(foremost, up[i]);
  }
  if (order.steady != 0) fill_alias_parts({weights.data(), order.steady}, steady_shares_.part(first, order.steady));
  if (policy == config::Policy::ordered)
    for (uint16_t i = 0; i < order.up; ++i) weights[i] = up[i] == foremost ? 1 : 0;
  if (order.up != 0) fill_alias_parts({weights.data(), order.up}, up_shares_.part(first, order.up));
}

}  // namespace penstock::state
