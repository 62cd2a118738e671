#include "dataplane/state/endpoints/pool_orders.h"

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
uint64_t budget_of(std::span<const EndpointHop> hops, std::span<const uint16_t> up) {
  uint64_t sum = 0;
  for (const uint16_t endpoint : up) {
    if (hops[endpoint].budget == 0) return 0;
    sum += hops[endpoint].budget;
  }
  return sum;
}

}  // namespace

void PoolOrders::arrange(const tables::Ruleset& rules, std::span<EndpointHop> hops) {
  for (const config::ImagePool& pool : rules.pools()) {
    settle_returns(hops.subspan(pool.first_endpoint, pool.endpoint_count));
    sort_by_standing(pool, hops);
    Pool& order = pools_[pool.first_endpoint];
    order.budget = budget_of(hops, {order_.data() + pool.first_endpoint, order.up});
    deal_shares(rules, pool);
  }
}

void PoolOrders::sort_by_standing(const config::ImagePool& pool, std::span<const EndpointHop> hops) {
  const uint32_t first = pool.first_endpoint;
  uint16_t placed = 0;
  const auto place = [&](Standing which) {
    for (uint32_t i = first; i < first + pool.endpoint_count; ++i)
      if (standing(hops[i]) == which) order_[first + placed++] = static_cast<uint16_t>(i);
    return placed;
  };
  Pool& order = pools_[first];
  order.steady = place(Standing::steady);
  order.up = place(Standing::came_back);
  order.up_or_down = place(Standing::down);
}

// What the policy means each to get; `ordered` gives everything to the first that the rules name.
void PoolOrders::deal_shares(const tables::Ruleset& rules, const config::ImagePool& pool) {
  const uint32_t first = pool.first_endpoint;
  const Pool& order = pools_[first];
  const auto policy = static_cast<config::Policy>(pool.policy);
  std::array<uint32_t, config::kMaxEndpoints> weights;
  uint32_t foremost = 0xffffffff;
  for (uint16_t i = 0; i < order.up; ++i) {
    weights[i] = policy == config::Policy::weighted ? rules.endpoints()[order_[first + i]].weight : 1;
    foremost = order_[first + i] < foremost ? order_[first + i] : foremost;
  }
  if (order.steady != 0)
    fill_alias_parts({weights.data(), order.steady}, {steady_shares_.data() + first, order.steady});
  if (policy == config::Policy::ordered)
    for (uint16_t i = 0; i < order.up; ++i) weights[i] = order_[first + i] == foremost ? 1 : 0;
  if (order.up != 0) fill_alias_parts({weights.data(), order.up}, {up_shares_.data() + first, order.up});
}

}  // namespace penstock::state
