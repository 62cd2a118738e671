// dataplane/state/rate_budget.h - how many queries an endpoint may still be sent: one bucket for the whole dataplane, of which
// each lcore takes what it sends.
//
// A bucket is one word, the time up to which its budget is spent (the generic cell rate algorithm): sends move it forward, and
// it never lies further in the past than the bucket is deep. Any lcore moves it, by compare-and-swap. So there are no shares of
// lcores to be balanced: whoever has the queries takes the budget.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "config/image.h"

namespace penstock::state {

// By endpoint slot. `budget` is in queries/s and not 0, `now` in ns and the same clock on all lcores.
class RateBudgets {
 public:
  // Up to `wanted` sends; 0: there is none before `dry_until` (ns). Any lcore.
  uint32_t take(uint16_t slot, uint32_t budget, uint32_t wanted, uint64_t now, uint64_t& dry_until) {
    std::atomic<uint64_t>& bucket = buckets_[slot].spent_until;
    uint64_t seen = bucket.load(std::memory_order_relaxed);
    for (;;) {
      const uint64_t from = std::max(seen, oldest(budget, now));
      const uint64_t whole = from < now ? (now - from) * budget / kSecond : 0;
      const auto granted = static_cast<uint32_t>(std::min<uint64_t>(whole, wanted));
      if (granted == 0) {
        dry_until = from + cost(1, budget);
        return 0;
      }
      if (bucket.compare_exchange_weak(seen, from + cost(granted, budget), std::memory_order_relaxed)) return granted;
    }
  }
  // Sends that the bucket holds now, and holds when it is full. Any lcore.
  uint64_t left(uint16_t slot, uint32_t budget, uint64_t now) const {
    const uint64_t from = std::max(buckets_[slot].spent_until.load(std::memory_order_relaxed), oldest(budget, now));
    return from < now ? (now - from) * budget / kSecond : 0;
  }
  static uint64_t depth(uint32_t budget) { return depth_ns(budget) * budget / kSecond; }

  // Queries/s that were sent over the last second. The dataplane's main thread writes them.
  void set_rate(uint16_t slot, uint32_t rate) { buckets_[slot].rate.store(rate, std::memory_order_relaxed); }
  uint32_t rate(uint16_t slot) const { return buckets_[slot].rate.load(std::memory_order_relaxed); }

 private:
  static constexpr uint64_t kSecond = 1'000'000'000;
  static constexpr uint64_t kDepthNs = 20'000'000;  // 2 % of a second: what a pause or a burst may catch up
  static constexpr uint64_t kLeastDepth = 8;        // sends: small budgets see bursts, too

  static uint64_t cost(uint64_t sends, uint32_t budget) { return (sends * kSecond + budget - 1) / budget; }
  static uint64_t depth_ns(uint32_t budget) { return std::max(kDepthNs, cost(kLeastDepth, budget)); }
  static uint64_t oldest(uint32_t budget, uint64_t now) {
    const uint64_t depth = depth_ns(budget);
    return now > depth ? now - depth : 0;
  }

  struct alignas(64) Bucket {
    std::atomic<uint64_t> spent_until{0};  // ns; any lcore
    std::atomic<uint32_t> rate{0};         // main thread
  };
  std::array<Bucket, config::kMaxEndpoints> buckets_;
};

// One lcore's own: what it has taken and not yet sent. Where budgets are small every send is taken alone; where they are large
// enough for lcores to meet at the bucket, up to a tenth of a millisecond's worth, as many as it last used up. What is not
// sent within a millisecond is lost.
class BudgetLeases {
 public:
  // One send to the slot; false: its budget is spent.
  bool take(RateBudgets& budgets, uint16_t slot, uint32_t budget, uint64_t now) {
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
  bool is_dry(uint16_t slot, uint32_t budget, uint64_t now) const {
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
  std::array<Lease, config::kMaxEndpoints> leases_{};
};

// What one lcore last saw of all endpoints of a pool together (path/admit.cpp).
struct PoolPressure {
  uint64_t look_at = 0;  // ns: when it is to be looked at again
  uint64_t rate = 0;     // queries/s
  uint32_t level = 0;    // of their buckets, of 2^16
};

}  // namespace penstock::state
