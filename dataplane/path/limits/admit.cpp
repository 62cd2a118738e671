#include "dataplane/path/limits/admit.h"

#include <algorithm>

namespace penstock::path {
namespace {

using state::ClientShare;
using state::ClientShares;
using state::PoolPressure;
using state::Scarce;
using state::Sharer;
using state::Thing;

constexpr uint32_t kOne = 1 << 16;
constexpr uint64_t kLookNs = 1 << 17;  // what the endpoints have left is looked at that often
constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kLeastHeld = 8;   // of anything, that a client may hold whatever is free
constexpr uint64_t kLeastTaken = 2;  // and queries in a window

// In a window of 2^shift ticks.
uint64_t in_a_window(uint64_t a_second, unsigned shift) {
  return (a_second << (ClientShares::kTickShift + shift)) / kSecondNs;
}

// Windows are short, so that a flood is seen before the buckets are empty, but bring enough to be dealt out.
unsigned window_shift(uint64_t budget) {
  unsigned shift = 0;
  while (shift < ClientShares::kLongestShift && in_a_window(budget, shift) < 256) ++shift;
  return shift;
}

// Over all endpoints of the pool that are up. Other lcores' sends count, so it is looked at anew now and then.
const PoolPressure& pressure_of(state::Lcore& lcore, const config::ImagePool& pool, uint64_t budget) {
  PoolPressure& pressure = lcore.endpoints.pressures[pool.first_endpoint];
  if (lcore.now < pressure.look_at) return pressure;
  const auto endpoints = lcore.endpoints.hops.orders.up(pool).endpoints;
  uint64_t left = 0;
  uint64_t depth = 0;
  uint64_t rate = 0;
  for (const config::EndpointIndex endpoint : endpoints) {
    const state::EndpointHop& hop = lcore.endpoints.hops[endpoint];
    left += lcore.endpoints.budgets.left(hop.slot, hop.budget, lcore.now);
    depth += state::RateBudgets::depth(hop.budget);
    rate += lcore.endpoints.budgets.rate(hop.slot);
  }
  pressure.level = static_cast<uint32_t>(depth == 0 ? kOne : left * kOne / depth);
  pressure.rate = std::min(rate, budget);
  // The more endpoints there are the less often, so that this costs a query next to nothing.
  pressure.look_at = lcore.now + kLookNs * (1 + endpoints.size() / 16);
  return pressure;
}

// Of the pool's budget. The buckets tell within milliseconds that more is asked than there is; then whoever takes much yields,
// and they stay half full for the others. A budget that nobody else wants is all the client's.
bool may_take(state::Lcore& lcore, const config::ImagePool& pool, const Sharer& sharer, uint32_t weight) {
  const uint64_t budget = lcore.endpoints.hops.orders.budget(pool);
  if (budget == 0) return true;
  const PoolPressure& pressure = pressure_of(lcore, pool, budget);
  const bool is_short = pressure.level < kOne / 2;
  // Above half of the rate it is noted who takes what, so that it is known when it is needed.
  if (!is_short && pressure.rate <= budget / 2) return true;

  const unsigned shift = window_shift(budget);
  ClientShare& share =
      lcore.clients.shares.entry(sharer, Thing::rate, lcore.endpoints.hops.owner_of(pool), lcore.now, shift);
  if (is_short) {
    // Squared: several lcores may each let a client have so much.
    const uint64_t whole = in_a_window(budget, shift);
    const uint64_t limit = (whole * pressure.level / kOne) * pressure.level / kOne * weight;
    if (share.taken >= std::max({limit, kLeastTaken, whole / 512})) return false;
  }
  ++share.taken;
  return true;
}

bool is_half_used(const Scarce& scarce) {
  return scarce.used > scarce.most / 2;
}

Scarce all_slots(const state::Lcore& lcore) {
  return {Thing::pending, config::kNoEndpointSlot, lcore.flights.pending.in_use(), lcore.flights.pending.capacity()};
}

// Slots are scarce. Apart from the common path, which makes no Sharer.
[[gnu::noinline]] void count_slot(state::Lcore& lcore, state::PendingSlot& slot, const Scarce& all,
                                  const Scarce& of_pool) {
  const Sharer sharer = sharer_of(slot);
  slot.is_counted = hold(lcore, sharer, all) ? 1 : 0;
  slot.is_counted_in_pool = hold(lcore, sharer, of_pool) ? 1 : 0;
}

[[gnu::noinline]] void discount_slot(state::Lcore& lcore, const state::PendingSlot& slot,
                                     config::EndpointSlot pool_slot) {
  const Sharer sharer = sharer_of(slot);
  if (slot.is_counted != 0) release(lcore, sharer, Thing::pending);
  if (slot.is_counted_in_pool != 0) release(lcore, sharer, Thing::pending_of_pool, pool_slot);
}

}  // namespace

Sharer sharer_of(const QueryWork& work) {
  return {work.packet.source, work.packet.family, state::key_of(work.proof, work.packet.peer_mac)};
}

Sharer sharer_of(const state::PendingSlot& slot) {
  return {slot.client, slot.client_family, state::key_of(static_cast<state::Proof>(slot.proof), slot.client_mac)};
}

Scarce slots_for_pool(const state::Lcore& lcore, const config::ImagePool& pool) {
  const bool is_only_pool = pool.endpoint_count == lcore.rules->endpoints().size();
  const config::EndpointSlot slot = lcore.endpoints.hops.owner_of(pool);
  const uint64_t most = is_only_pool ? lcore.flights.pending.capacity() : lcore.flights.pending.capacity() / 2;
  return {Thing::pending_of_pool, slot, lcore.endpoints.pool_pending[slot], most};
}

bool may_hold(state::Lcore& lcore, const Sharer& sharer, uint32_t weight, const Scarce& scarce) {
  if (!is_half_used(scarce)) return true;
  const ClientShare* share = lcore.clients.shares.find(sharer, scarce.thing, scarce.of);
  const uint64_t free = scarce.most - std::min(scarce.used, scarce.most);
  return share == nullptr || share->held < std::max(kLeastHeld, free * weight);
}

bool hold(state::Lcore& lcore, const Sharer& sharer, const Scarce& scarce) {
  if (!is_half_used(scarce)) return false;
  ++lcore.clients.shares.entry(sharer, scarce.thing, scarce.of, lcore.now, ClientShares::kLongestShift).held;
  return true;
}

void release(state::Lcore& lcore, const Sharer& sharer, Thing thing, config::EndpointSlot of) {
  ClientShare* share = lcore.clients.shares.find(sharer, thing, of);
  if (share != nullptr && share->held != 0) --share->held;
}

bool admit(state::Lcore& lcore, const config::ImagePool& pool, const Sharer& sharer, uint32_t weight) {
  return may_hold(lcore, sharer, weight, all_slots(lcore)) &&
         may_hold(lcore, sharer, weight, slots_for_pool(lcore, pool)) && may_take(lcore, pool, sharer, weight);
}

void hold_slot(state::Lcore& lcore, uint32_t index, const Scarce& of_pool) {
  state::PendingSlot& slot = lcore.flights.pending.slot(index);
  slot.is_counted = 0;
  slot.is_counted_in_pool = 0;
  const Scarce all = all_slots(lcore);
  if (is_half_used(all) || is_half_used(of_pool)) count_slot(lcore, slot, all, of_pool);
  lcore.flights.pending.query(index).pool_slot = of_pool.of;
  ++lcore.endpoints.pool_pending[of_pool.of];
}

void release_slot(state::Lcore& lcore, uint32_t index) {
  const state::PendingSlot& slot = lcore.flights.pending.slot(index);
  const config::EndpointSlot pool_slot = lcore.flights.pending.query(index).pool_slot;
  --lcore.endpoints.pool_pending[pool_slot];
  if (slot.is_counted != 0 || slot.is_counted_in_pool != 0) discount_slot(lcore, slot, pool_slot);
}

}  // namespace penstock::path
