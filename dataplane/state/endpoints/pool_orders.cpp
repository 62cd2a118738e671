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

}  // namespace

void PoolOrders::arrange(const tables::Ruleset& rules, std::span<EndpointHop> hops) {
  for (const config::ImagePool& pool : rules.pools()) {
    const uint32_t first = pool.first_endpoint;
    const auto own_hops = hops.subspan(first, pool.endpoint_count);
    bool any_steady = false;
    for (const EndpointHop& hop : own_hops) any_steady = any_steady || standing(hop) == Standing::steady;
    for (EndpointHop& hop : own_hops)
      if (!any_steady && standing(hop) == Standing::came_back) hop.back_at = 0;

    uint16_t placed = 0;
    const auto place = [&](Standing which) {
      for (uint32_t i = 0; i < pool.endpoint_count; ++i)
        if (standing(own_hops[i]) == which) order_[first + placed++] = static_cast<uint16_t>(first + i);
      return placed;
    };
    Pool& order = pools_[first];
    order.steady = place(Standing::steady);
    order.up = place(Standing::came_back);
    order.up_or_down = place(Standing::down);

    order.budget = 0;
    for (uint16_t i = 0; i < order.up; ++i) {
      const uint32_t budget = hops[order_[first + i]].budget;
      if (budget == 0) {
        order.budget = 0;
        break;
      }
      order.budget += budget;
    }

    // What the policy means each to get; `ordered` gives everything to the first that the rules name.
    std::array<uint32_t, config::kMaxEndpoints> weights;
    const auto policy = static_cast<config::Policy>(pool.policy);
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
}

}  // namespace penstock::state
