// dataplane/state/endpoints/rate_budget.h - how many queries an endpoint may still be sent: one bucket for the whole dataplane, of which
// each lcore takes what it sends.
//
// A bucket is one word, the time up to which its budget is spent (the generic cell rate algorithm): sends move it forward, and
// it never lies further in the past than the bucket is deep. Any lcore moves it, by compare-and-swap. So there are no shares of
// lcores to be balanced: whoever has the queries takes the budget.
//
// A bucket is 20 ms deep. When nothing was sent for 100 ms - we were paused, or everybody was - what has waited meanwhile comes
// at once: then 80 ms more may be borrowed, within 100 ms, and are paid back: for a second it fills at 91 %. So no second ever
// has more than 2 % above the budget, wherever it begins.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "config/contract/image.h"

namespace penstock::state {

// By endpoint slot. `budget` is in queries/s and not 0, `now` in ns and the same clock on all lcores.
class RateBudgets {
 public:
  // Up to `wanted` sends; 0: there is none before `dry_until` (ns). Any lcore.
  uint32_t take(config::EndpointSlot slot, uint32_t budget, uint32_t wanted, uint64_t now, uint64_t& dry_until) {
    Bucket& bucket = buckets_[slot];
    uint64_t seen = bucket.spent_until.load(std::memory_order_relaxed);
    for (;;) {
      if (wakes(bucket, seen, now)) bucket.woke_at.store(now, std::memory_order_relaxed);
      const Level level = level_of(bucket, seen, budget, now);
      const auto granted = static_cast<uint32_t>(std::min<uint64_t>(level.sends(now), wanted));
      if (granted == 0) {
        if (!borrow(bucket, budget, now)) {
          dry_until = level.from + cost(1, level.rate);
          return 0;
        }
        seen = bucket.spent_until.fetch_sub(reserve_ns(budget), std::memory_order_relaxed) - reserve_ns(budget);
        continue;
      }
      if (bucket.spent_until.compare_exchange_weak(seen, level.from + cost(granted, level.rate),
                                                   std::memory_order_relaxed))
        return granted;
    }
  }
  // Sends that the bucket holds now, what may be borrowed included, and holds when it is full, without. Any lcore.
  uint64_t left(config::EndpointSlot slot, uint32_t budget, uint64_t now) const {
    const Bucket& bucket = buckets_[slot];
    const uint64_t seen = bucket.spent_until.load(std::memory_order_relaxed);
    const bool more =
        wakes(bucket, seen, now) || may_borrow(bucket, budget, now, bucket.pays_until.load(std::memory_order_relaxed));
    const uint64_t reserve = more ? reserve_ns(budget) * slower(budget) / kSecond : 0;
    return level_of(bucket, seen, budget, now).sends(now) + reserve;
  }
  static uint64_t depth(uint32_t budget) { return depth_ns(budget) * budget / kSecond; }

  // Queries/s that were sent over the last second. The dataplane's main thread writes them.
  void set_rate(config::EndpointSlot slot, uint32_t rate) {
    buckets_[slot].rate.store(rate, std::memory_order_relaxed);
  }
  uint32_t rate(config::EndpointSlot slot) const { return buckets_[slot].rate.load(std::memory_order_relaxed); }

 private:
  static constexpr uint64_t kSecond = 1'000'000'000;
  static constexpr uint64_t kDepthNs = 20'000'000;   // 2 % of a second: what a burst may catch up
  static constexpr uint64_t kQuietNs = 100'000'000;  // and a pause
  static constexpr uint64_t kPayPercent = 91;
  static constexpr uint64_t kLeastDepth = 8;  // sends: small budgets see bursts, too

  struct alignas(64) Bucket {
    std::atomic<uint64_t> spent_until{0};  // these are ns, and any lcore's
    std::atomic<uint64_t> woke_at{0};      // the first send after the last quiet time
    std::atomic<uint64_t> pays_until{0};
    std::atomic<uint32_t> rate{0};  // main thread
  };
  struct Level {
    uint64_t from;  // ns: what has come since then may be spent
    uint32_t rate;  // queries/s at which it fills
    uint64_t sends(uint64_t now) const { return from < now ? (now - from) * rate / kSecond : 0; }
  };

  static Level level_of(const Bucket& bucket, uint64_t seen, uint32_t budget, uint64_t now) {
    const bool pays = now < bucket.pays_until.load(std::memory_order_relaxed);
    const bool deep = pays && now < bucket.woke_at.load(std::memory_order_relaxed) + kQuietNs;
    const uint64_t depth = depth_ns(budget) + (deep ? reserve_ns(budget) : 0);
    return {.from = std::max(seen, now > depth ? now - depth : 0), .rate = pays ? slower(budget) : budget};
  }

  // Nothing was sent for long, and nothing is owed.
  static bool wakes(const Bucket& bucket, uint64_t seen, uint64_t now) {
    return seen + kQuietNs <= now && now >= bucket.pays_until.load(std::memory_order_relaxed);
  }
  static bool may_borrow(const Bucket& bucket, uint32_t budget, uint64_t now, uint64_t pays_until) {
    const uint64_t woke_at = bucket.woke_at.load(std::memory_order_relaxed);
    return now >= pays_until && woke_at != 0 && now < woke_at + kQuietNs && reserve_ns(budget) != 0;
  }
  // Once, whichever lcore comes first.
  static bool borrow(Bucket& bucket, uint32_t budget, uint64_t now) {
    uint64_t pays_until = bucket.pays_until.load(std::memory_order_relaxed);
    return may_borrow(bucket, budget, now, pays_until) &&
           bucket.pays_until.compare_exchange_strong(pays_until, now + kSecond, std::memory_order_relaxed);
  }

  static uint32_t slower(uint32_t budget) {
    return static_cast<uint32_t>(std::max<uint64_t>(uint64_t{budget} * kPayPercent / 100, 1));
  }
  static uint64_t reserve_ns(uint32_t budget) { return kQuietNs - std::min(kQuietNs, depth_ns(budget)); }
  static uint64_t cost(uint64_t sends, uint32_t budget) { return (sends * kSecond + budget - 1) / budget; }
  static uint64_t depth_ns(uint32_t budget) { return std::max(kDepthNs, cost(kLeastDepth, budget)); }

  config::IndexedArray<config::EndpointSlot, Bucket, config::kMaxEndpoints> buckets_;
};

// One lcore's own: what it has taken and not yet sent. Where budgets are small every send is taken alone; where they are large
// enough for lcores to meet at the bucket, up to a tenth of a millisecond's worth, as many as it last used up. What is not
// sent within a millisecond is lost.
class BudgetLeases {
 public:
  // One send to the slot; false: its budget is spent.
  bool take(RateBudgets& budgets, config::EndpointSlot slot, uint32_t budget, uint64_t now) {
    if (budget == 0) return true;
    Lease& lease = leases_[slot];
    const bool current = now < lease.ends;
    if (current && lease.left != 0) {
      --lease.left;
      return true;
    }
    if (now < lease.dry_until) return false;
    const uint32_t most = std::clamp(budget / kChunksPerSecond, 1U, kLargestChunk);
    lease.chunk = current ? std::min(2 * lease.chunk, most) : std::clamp(lease.chunk / 2, 1U, most);
    const uint32_t granted = budgets.take(slot, budget, std::max(lease.chunk, 1U), now, lease.dry_until);
    if (granted == 0) return false;
    lease.left = granted - 1;
    lease.ends = now + kLeaseNs;
    return true;
  }
  // Is it known that take() would fail?
  bool is_dry(config::EndpointSlot slot, uint32_t budget, uint64_t now) const {
    const Lease& lease = leases_[slot];
    return budget != 0 && now < lease.dry_until && (lease.left == 0 || now >= lease.ends);
  }

 private:
  static constexpr uint64_t kLeaseNs = 1'000'000;
  static constexpr uint32_t kChunksPerSecond = 10'000;
  static constexpr uint32_t kLargestChunk = 1024;

  struct Lease {
    uint64_t ends;
    uint64_t dry_until;
    uint32_t left;
    uint32_t chunk;
  };
  config::IndexedArray<config::EndpointSlot, Lease, config::kMaxEndpoints> leases_{};
};

}  // namespace penstock::state
