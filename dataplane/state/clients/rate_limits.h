// dataplane/state/clients/rate_limits.h - how much clients have had lately, for `rate_per_client`, groups' `rate` and `response_rate`: of
// all lcores, in memory of bounded size.
//
// A bucket is one word, the time up to which its rate is spent, as those of endpoints (rate_budget.h); it is one second deep. A
// bucket that lies a second or more in the past is full, and its place is free: nothing is lost with it. A set of places that
// has none gives up the one that has spent least, which starts anew with a full bucket. So there is a place for whoever comes,
// addresses drawn at random push out each other and never whoever is at the limit, and nobody pays for a neighbour. One table
// for all lcores, as one client's queries come in on several.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

#include "config/contract/image.h"
#include "dataplane/state/clients/client_network.h"
#include "dataplane/state/flights/pending.h"
#include "dataplane/state/large_array.h"

namespace penstock::state {

// The generic cell rate algorithm. Times in ns.
struct RateBucket {
  static constexpr uint64_t kDepthNs = 1'000'000'000;

  // Rounded down, so that a full bucket has all of a second's.
  static uint64_t cost(uint32_t rate) { return kDepthNs / rate; }
  // One of `rate` a second, not 0. Any lcore.
  static bool take(std::atomic<uint64_t>& spent_until, uint32_t rate, uint64_t now) {
    const uint64_t full = now - std::min(now, kDepthNs);
    uint64_t seen = spent_until.load(std::memory_order_relaxed);
    for (;;) {
      const uint64_t next = std::max(seen, full) + cost(rate);
      if (next > now) return false;
      if (spent_until.compare_exchange_weak(seen, next, std::memory_order_relaxed)) return true;
    }
  }
  static bool is_spent(const std::atomic<uint64_t>& spent_until, uint32_t rate, uint64_t now) {
    return spent_until.load(std::memory_order_relaxed) + cost(rate) > now;
  }
};

class RateTable {
 public:
  static constexpr uint32_t kSets = 16384;
  static constexpr unsigned kWays = 4;

  RateTable();

  // One of `rate` a second, not 0, for whoever `key` is: a hash that nobody outside can aim at. Any lcore. `now` in ns.
  bool take(uint64_t key, uint32_t rate, uint64_t now) {
    Set& set = set_of(key);
    Place* least = set.places.data();
    uint64_t least_spent = ~uint64_t{0};
    for (Place& place : set.places) {
      if (place.key.load(std::memory_order_relaxed) == key) return RateBucket::take(place.spent_until, rate, now);
      const uint64_t spent = place.spent_until.load(std::memory_order_relaxed);
      if (spent >= least_spent) continue;
      least = &place;
      least_spent = spent;
    }
    // Two lcores that take one place at once: one of the two is not known, and comes again.
    least->key.store(key, std::memory_order_relaxed);
    least->spent_until.store(now - std::min(now, RateBucket::kDepthNs), std::memory_order_relaxed);
    return RateBucket::take(least->spent_until, rate, now);
  }
  // One that was taken at this rate does not count after all. Any lcore.
  void give_back(uint64_t key, uint32_t rate) {
    for (Place& place : set_of(key).places)
      if (place.key.load(std::memory_order_relaxed) == key)
        place.spent_until.fetch_sub(RateBucket::cost(rate), std::memory_order_relaxed);
  }
  // Would take() fail?
  bool is_spent(uint64_t key, uint32_t rate, uint64_t now) const {
    for (const Place& place : set_of(key).places)
      if (place.key.load(std::memory_order_relaxed) == key) return RateBucket::is_spent(place.spent_until, rate, now);
    return false;
  }
  void prefetch(uint64_t key) const { __builtin_prefetch(&set_of(key)); }

  // Places whose bucket is not full: those whose queries of the last second count. Looks at all: not on the path.
  uint32_t in_use(uint64_t now) const;
  static constexpr uint32_t capacity() { return kSets * kWays; }

 private:
  struct Place {  // any lcore's
    std::atomic<uint64_t> key{0};
    std::atomic<uint64_t> spent_until{0};
  };
  struct alignas(64) Set {
    std::array<Place, kWays> places;
  };
  static_assert(sizeof(Set) == 64);

  Set& set_of(uint64_t key) const { return sets_[key >> 32 & (kSets - 1)]; }

  LargeArray<Set> sets_;
};

// Networks (client_network.h) with a host that was lately heard from an address of its own: over TCP, or with a cookie. Any lcore.
class ProvedAddresses {
 public:
  static constexpr uint64_t kGoodForNs = 300'000'000'000;

  ProvedAddresses();

  void note(uint64_t key, uint64_t now) { place_of(key).store(word(key, now), std::memory_order_relaxed); }
  bool holds(uint64_t key, uint64_t now) const {
    const uint64_t seen = place_of(key).load(std::memory_order_relaxed);
    const auto age = static_cast<uint32_t>(static_cast<uint32_t>(now >> kTickShift) - static_cast<uint32_t>(seen));
    return seen >> 32 == key >> 32 && seen != 0 && age <= kGoodForNs >> kTickShift;
  }

 private:
  static constexpr uint32_t kPlaces = 65536;
  static constexpr unsigned kTickShift = 30;  // of ns: 1.07 s

  static uint64_t word(uint64_t key, uint64_t now) {
    return (key >> 32 << 32) | static_cast<uint32_t>(now >> kTickShift);
  }
  // Who takes another's place makes it forgotten until it comes again.
  std::atomic<uint64_t>& place_of(uint64_t key) const { return places_[key & (kPlaces - 1)]; }

  LargeArray<std::atomic<uint64_t>> places_;
};

class RateLimits {
 public:
  // `seed`: nobody outside may know it.
  explicit RateLimits(uint64_t seed) : seed_(seed) {}

  // One of `rate` a second, not 0, of the clients of one group: groups have rates of their own. A client is an IPv4 address or an IPv6
  // host, and its network and site have some times as much (client_network.h). What comes from an address that is proved to be its
  // sender's has buckets of its own: whoever writes somebody's address into datagrams spends nothing of these. Any lcore.
  // `address` in network order, `proof` key_of() what shows it, `now` in ns.
  bool take_of_client(const AddressBytes& address, uint8_t family, uint16_t group, uint64_t proof, uint32_t rate,
                      uint64_t now) {
    for (const ClientLevel level : kClientLevels) {
      if (!clients.take(key_of_client(address, family, level, group, proof), allowance(level, rate), now)) return false;
      if (family == 4) break;
    }
    return true;
  }
  uint64_t key_of_client(const AddressBytes& address, uint8_t family, ClientLevel level, uint16_t group = 0,
                         uint64_t proof = 0) const {
    return client_key(seed_, address, family, level, uint64_t{static_cast<uint8_t>(level)} << 16 | group, proof);
  }
  // Where answers go. `answer` is what they have in common.
  uint64_t key_of_answer(const AddressBytes& address, uint8_t family, uint64_t answer) const {
    return client_key(seed_, address, family, ClientLevel::vicinity, answer);
  }

  bool take_of_group(uint16_t group, bool is_proved, uint32_t rate, uint64_t now) {
    return RateBucket::take(groups_[is_proved ? 1 : 0][group].spent_until, rate, now);
  }

  RateTable clients;
  RateTable answers;
  ProvedAddresses proved;

 private:
  struct alignas(64) Group {
    std::atomic<uint64_t> spent_until{0};
  };

  uint64_t seed_;
  std::array<std::array<Group, config::kMaxClientGroups>, 2> groups_{};  // the second of proved addresses
};

}  // namespace penstock::state
