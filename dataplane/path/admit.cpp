#include "dataplane/path/admit.h"

#include <algorithm>

namespace penstock::path {
namespace {

using state::ClientShare;
using state::ClientShares;
using state::PoolPressure;

constexpr uint32_t kPendingTable = 0xffffffff;  // a scarce thing; the others are pools, by their first endpoint
constexpr uint32_t kOne = 1 << 16;
constexpr uint64_t kLookNs = 1 << 17;  // what the endpoints have left is looked at that often
constexpr uint64_t kSecondNs = 1'000'000'000;
constexpr uint64_t kLeastHeld = 8;   // slots that a client may hold whatever is free
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
const PoolPressure& pressure_of(state::Lcore& lcore, const config::ImagePool& pool, uint64_t budget, uint64_t now) {
  PoolPressure& pressure = lcore.pressures[pool.first_endpoint];
  if (now < pressure.look_at) return pressure;
  const auto endpoints = lcore.hops.orders.up(pool).endpoints;
  uint64_t left = 0;
  uint64_t depth = 0;
  uint64_t rate = 0;
  for (const uint16_t endpoint : endpoints) {
    const state::EndpointHop& hop = lcore.hops[endpoint];
    left += lcore.budgets.left(hop.slot, hop.budget, now);
    depth += state::RateBudgets::depth(hop.budget);
    rate += lcore.budgets.rate(hop.slot);
  }
  pressure.level = static_cast<uint32_t>(depth == 0 ? kOne : left * kOne / depth);
  pressure.rate = std::min(rate, budget);
  // The more endpoints there are the less often, so that this costs a query next to nothing.
  pressure.look_at = now + kLookNs * (1 + endpoints.size() / 16);
  return pressure;
}

// Of the pool's budget. The buckets tell within milliseconds that more is asked than there is; then whoever takes much yields,
// and they stay half full for the others. A budget that nobody else wants is all the client's.
bool may_take(state::Lcore& lcore, const config::ImagePool& pool, const Packet& packet, uint32_t weight, uint64_t now) {
  const uint64_t budget = lcore.hops.orders.budget(pool);
  if (budget == 0) return true;
  const PoolPressure& pressure = pressure_of(lcore, pool, budget, now);
  const bool is_short = pressure.level < kOne / 2;
  // Above half of the rate it is noted who takes what, so that it is known when it is needed.
  if (!is_short && pressure.rate <= budget / 2) return true;

  const unsigned shift = window_shift(budget);
  ClientShare& share = lcore.shares.entry(packet.source, packet.family, pool.first_endpoint, now, shift);
  if (is_short) {
    // Squared: several lcores may each let a client have so much.
    const uint64_t whole = in_a_window(budget, shift);
    const uint64_t limit = (whole * pressure.level / kOne) * pressure.level / kOne * weight;
    if (share.taken >= std::max({limit, kLeastTaken, whole / 512})) return false;
  }
  ++share.taken;
  return true;
}

bool is_half_full(const state::Lcore& lcore) {
  return lcore.pending.in_use() > lcore.pending.capacity() / 2;
}

bool may_hold(state::Lcore& lcore, const Packet& packet, uint32_t weight) {
  if (!is_half_full(lcore)) return true;
  const ClientShare* share = lcore.shares.find(packet.source, packet.family, kPendingTable);
  const uint64_t free = lcore.pending.capacity() - lcore.pending.in_use();
  return share == nullptr || share->held < std::max(kLeastHeld, free * weight);
}

}  // namespace

bool admit(state::Lcore& lcore, const config::ImagePool& pool, const Packet& packet, uint32_t weight, uint64_t now) {
  return may_hold(lcore, packet, weight) && may_take(lcore, pool, packet, weight, now);
}

void hold_share(state::Lcore& lcore, state::PendingSlot& slot, uint64_t now) {
  slot.share_counted = is_half_full(lcore) ? 1 : 0;
  if (slot.share_counted != 0)
    ++lcore.shares.entry(slot.client, slot.client_family, kPendingTable, now, ClientShares::kLongestShift).held;
}

void give_share_back(state::Lcore& lcore, const state::PendingSlot& slot) {
  if (slot.share_counted == 0) return;
  ClientShare* share = lcore.shares.find(slot.client, slot.client_family, kPendingTable);
  if (share != nullptr && share->held != 0) --share->held;
}

}  // namespace penstock::path
