#include "dataplane/path/choose/choose_endpoint.h"

#include <algorithm>

#include "config/contract/enums.h"
#include "dataplane/path/choose/patience.h"
#include "dataplane/path/choose/policies.h"

namespace penstock::path {
namespace {

using config::EndpointIndex;
using config::EndpointSlot;
using state::EndpointHop;

constexpr Pick kPicks[] = {pick_least_outstanding, pick_round_robin, pick_weighted, pick_ordered};
static_assert(std::size(kPicks) == config::kCountOf<config::Policy>);

uint32_t owes(const state::Lcore& lcore, EndpointIndex endpoint) {
  return lcore.endpoints.outstanding[lcore.endpoints.hops[endpoint].slot];
}

// It owes much and has answered nothing for longer than others would be waited for.
bool is_silent(const state::Lcore& lcore, const config::ImagePool& pool, EndpointIndex endpoint) {
  const EndpointSlot slot = lcore.endpoints.hops[endpoint].slot;
  return lcore.endpoints.silence.owes_much(slot) &&
         lcore.endpoints.silence.is_silent(slot, patience_with(lcore, pool, slot), lcore.now);
}

// One that came back gets its share of the queries with a probability that rises to 1, and not if it owes much more than another.
EndpointIndex pick_returning(state::Lcore& lcore, const config::ImagePool& pool, const state::Candidates& up,
                             const state::Candidates& steady) {
  const uint64_t number = lcore.random.next();
  const uint64_t chance = lcore.random.next();
  const EndpointIndex drawn = up.endpoints[state::draw(up.shares, number << 32 | lcore.random.next())];
  const EndpointHop& hop = lcore.endpoints.hops[drawn];
  if (hop.back_at == 0) return kNoEndpoint;
  if ((chance >> 16) * state::kRampNs >= (lcore.now - hop.back_at) << 16) return kNoEndpoint;
  const EndpointIndex other = steady.endpoints[(chance & 0xffff) * steady.endpoints.size() >> 16];
  if (owes(lcore, drawn) > 2 * owes(lcore, other) + 8 || is_silent(lcore, pool, drawn)) return kNoEndpoint;
  return drawn;
}

// Whom the policy picks, unless it is silent: then whom it picks next, or one of the next in order. Now and then a silent one is
// asked all the same, by a query that was sent to nobody yet (`first`). When all that are looked at are silent that says nothing.
EndpointIndex pick_that_answers(state::Lcore& lcore, const config::ImagePool& pool, Pick pick,
                                const state::Candidates& among, bool first) {
  constexpr unsigned kPicked = 4;
  constexpr uint32_t kLookedAt = 8;
  const EndpointIndex picked = pick(lcore, among);
  if (!is_silent(lcore, pool, picked)) return picked;
  if (first && lcore.endpoints.silence.try_again(lcore.endpoints.hops[picked].slot, lcore.now)) return picked;
  const uint32_t turn = among.turn;
  for (unsigned i = 1; i < kPicked; ++i)
    if (const EndpointIndex next = pick(lcore, among); !is_silent(lcore, pool, next)) return next;
  const auto count = static_cast<uint32_t>(among.endpoints.size());
  const bool in_order = static_cast<config::Policy>(pool.policy) == config::Policy::ordered;
  const uint32_t begin = in_order ? 0 : static_cast<uint32_t>(uint64_t{lcore.random.next()} * count >> 32);
  for (uint32_t i = 0; i < std::min(count, kLookedAt); ++i)
    if (const EndpointIndex next = among.endpoints[(begin + i) % count]; !is_silent(lcore, pool, next)) return next;
  among.turn = turn;
  return picked;
}

EndpointIndex pick_by_policy(state::Lcore& lcore, const config::ImagePool& pool, bool first) {
  state::PoolOrders& orders = lcore.endpoints.hops.orders;
  // Nobody probes while control is silent: what an endpoint owes is then all that tells the dead from the living.
  if (lcore.control_silent) {
    const state::Candidates all = orders.up_or_down(pool);
    if (all.endpoints.empty()) return kNoEndpoint;
    return pick_that_answers(lcore, pool, pick_least_outstanding, all, first);
  }
  const state::Candidates steady = orders.steady(pool);
  if (steady.endpoints.empty()) return kNoEndpoint;
  const state::Candidates up = orders.up(pool);
  if (up.endpoints.size() != steady.endpoints.size())
    if (const EndpointIndex endpoint = pick_returning(lcore, pool, up, steady); endpoint != kNoEndpoint)
      return endpoint;
  return pick_that_answers(lcore, pool, kPicks[pool.policy], steady, first);
}

bool take_budget(state::Lcore& lcore, EndpointIndex endpoint) {
  const EndpointHop& hop = lcore.endpoints.hops[endpoint];
  if (lcore.endpoints.leases.take(lcore.endpoints.budgets, hop.slot, hop.budget, lcore.now)) return true;
  lcore.counters.endpoints[hop.slot].over_budget.add(1);
  return false;
}

// Lower is better: how willing we are to use it at all.
enum class Standing : uint8_t { up, down, drained, unreachable };

Standing standing(const state::Lcore& lcore, const EndpointHop& hop) {
  if (!hop.reachable) return Standing::unreachable;
  if (hop.drained) return Standing::drained;
  return hop.down && !lcore.control_silent ? Standing::down : Standing::up;
}

// All endpoints of a pool but the one that the query comes from.
class Others {
 public:
  Others(state::Lcore& lcore, const config::ImagePool& pool, EndpointIndex origin)
      : lcore_(lcore), pool_(pool), origin_(origin) {
    each([&](EndpointIndex, const EndpointHop& hop) { best_ = std::min(best_, standing(lcore_, hop)); });
  }
  Standing best() const { return best_; }

  // `spent` has been counted already.
  void count_dry(EndpointIndex spent) {
    each_of_the_best([&](EndpointIndex i, const EndpointHop& hop) {
      if (i != spent && is_dry(hop)) lcore_.counters.endpoints[hop.slot].over_budget.add(1);
    });
  }
  // Of those of the best standing that have budget: not asked before one that was, one that answers before a silent one, then as the
  // policy says. kNoEndpoint: all are dry.
  EndpointIndex cheapest(std::span<const EndpointSlot> asked) {
    const bool in_order = static_cast<config::Policy>(pool_.policy) == config::Policy::ordered;
    EndpointIndex found = kNoEndpoint;
    uint64_t lowest = ~uint64_t{0};
    each_of_the_best([&](EndpointIndex i, const EndpointHop& hop) {
      if (is_dry(hop)) return;
      const bool again = std::find(asked.begin(), asked.end(), hop.slot) != asked.end();
      const uint64_t cost = uint64_t{again} << 33 | uint64_t{is_silent(lcore_, pool_, i)} << 32 |
                            (in_order ? i.value() : lcore_.endpoints.outstanding[hop.slot]);
      if (cost >= lowest) return;
      lowest = cost;
      found = i;
    });
    return found;
  }

 private:
  template <typename Do>
  void each(Do&& act) {
    for (const EndpointIndex i : pool_.endpoints())
      if (i != origin_) act(i, lcore_.endpoints.hops[i]);
  }
  template <typename Do>
  void each_of_the_best(Do&& act) {
    each([&](EndpointIndex i, const EndpointHop& hop) {
      if (standing(lcore_, hop) == best_) act(i, hop);
    });
  }
  bool is_dry(const EndpointHop& hop) const { return lcore_.endpoints.leases.is_dry(hop.slot, hop.budget, lcore_.now); }

  state::Lcore& lcore_;
  const config::ImagePool& pool_;
  EndpointIndex origin_;
  Standing best_ = Standing::unreachable;
};

// Something speaks against the one that was picked: look at all of them. `spent` has been tried and counted already.
Choice look_at_all(state::Lcore& lcore, const config::ImagePool& pool, std::span<const EndpointSlot> asked,
                   Choice choice, EndpointIndex spent) {
  Others others(lcore, pool, choice.origin);
  if (others.best() == Standing::unreachable) {
    choice.obstacle = choice.origin != kNoEndpoint ? Obstacle::loop : Obstacle::unreachable;
    return choice;
  }
  others.count_dry(spent);
  for (;;) {
    choice.endpoint = others.cheapest(asked);
    if (choice.endpoint == kNoEndpoint) {
      choice.obstacle = Obstacle::over_budget;
      return choice;
    }
    // An endpoint that fails here is dry from now on, so this ends.
    if (take_budget(lcore, choice.endpoint)) return choice;
  }
}

}  // namespace

EndpointIndex search_endpoint(const state::Lcore& lcore, const config::ImagePool& pool,
                              const state::AddressBytes& client, uint8_t family) {
  for (const EndpointIndex i : pool.endpoints())
    if (lcore.endpoints.hops[i].family == family && lcore.endpoints.hops[i].address == client) return i;
  return kNoEndpoint;
}

Choice choose_endpoint(state::Lcore& lcore, const config::ImagePool& pool, std::span<const EndpointSlot> asked,
                       const state::AddressBytes& client, uint8_t family) {
  Choice choice;
  choice.origin = endpoint_at(lcore, pool, client, family);
  choice.endpoint = pick_by_policy(lcore, pool, asked.empty());
  EndpointIndex spent = kNoEndpoint;
  if (choice.endpoint != kNoEndpoint && choice.endpoint != choice.origin &&
      std::find(asked.begin(), asked.end(), lcore.endpoints.hops[choice.endpoint].slot) == asked.end()) {
    if (take_budget(lcore, choice.endpoint)) return choice;
    spent = choice.endpoint;
  }
  return look_at_all(lcore, pool, asked, choice, spent);
}

Choice choose_for_client(state::Lcore& lcore, const config::ImagePool& pool, const state::AddressBytes& client,
                         uint8_t family) {
  Choice choice;
  choice.origin = endpoint_at(lcore, pool, client, family);
  const uint64_t key = state::wide_hash_octets(lcore.hash_key, client.data(), client.size());
  Standing best = Standing::unreachable;
  uint64_t highest = 0;
  // Rendezvous hashing: one that goes down moves its own clients only.
  for (const EndpointIndex i : pool.endpoints()) {
    const EndpointHop& hop = lcore.endpoints.hops[i];
    const Standing is = standing(lcore, hop);
    if (is == Standing::unreachable || is > best || i == choice.origin) continue;
    const uint64_t drawn = state::wide_hash_octets(key, hop.address.data(), hop.address.size());
    if (is == best && drawn < highest) continue;
    best = is;
    highest = drawn;
    choice.endpoint = i;
  }
  if (choice.endpoint == kNoEndpoint) {
    choice.obstacle = choice.origin != kNoEndpoint ? Obstacle::loop : Obstacle::unreachable;
  } else if (!take_budget(lcore, choice.endpoint)) {
    choice.endpoint = kNoEndpoint;
    choice.obstacle = Obstacle::over_budget;
  }
  return choice;
}

}  // namespace penstock::path
