// dataplane/state/endpoints/pool_orders.h - the endpoints of each pool in the order in which they may be used: one lcore's own.
//
// Made anew when health, next hops or rules change, so that no packet has to look at all endpoints of a pool.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "config/contract/enums.h"
#include "dataplane/state/endpoints/alias_table.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::state {

struct EndpointHop;
using HopsOfRules = config::IndexedSpan<config::EndpointIndex, EndpointHop>;

// Endpoints that one of is to be picked from, in the order of the rules; at least one.
struct Candidates {
  std::span<const config::EndpointIndex> endpoints;
  std::span<const AliasPart> shares;  // what the pool's policy means each of them to get
  uint32_t& turn;                     // of the pool, for those who take turns
};

class PoolOrders {
 public:
  static_assert(kMostParts >= config::kMaxEndpoints);

  // An endpoint that comes back (back_at) while no other of its pool is up has no load to
  // grow into: its back_at becomes 0.
  void arrange(const tables::Ruleset& rules, HopsOfRules hops);

  // Those that can be reached and are up and not drained.
  Candidates up(const config::ImagePool& pool) { return candidates(pool, pools_[pool.first_endpoint].up, up_shares_); }
  // Of them those that did not come back only now. None: all have, or none is up.
  Candidates steady(const config::ImagePool& pool) {
    return candidates(pool, pools_[pool.first_endpoint].steady, steady_shares_);
  }
  // As up(), whatever control last said of their health. Their shares say nothing.
  Candidates up_or_down(const config::ImagePool& pool) {
    return candidates(pool, pools_[pool.first_endpoint].up_or_down, up_shares_);
  }
  // Queries/s that those that are up may be asked together; 0: one of them has no limit, or none is up.
  uint64_t budget(const config::ImagePool& pool) const { return pools_[pool.first_endpoint].budget; }

 private:
  template <typename T>
  using ByEndpoint = config::IndexedArray<config::EndpointIndex, T, config::kMaxEndpoints>;
  struct Pool {
    uint16_t steady = 0;
    uint16_t up = 0;  // steady ones included, and so on
    uint16_t up_or_down = 0;
    uint32_t turn = 0;
    uint64_t budget = 0;
  };

  void sort_by_standing(const config::ImagePool& pool, HopsOfRules hops);
  void deal_shares(const tables::Ruleset& rules, const config::ImagePool& pool);
  Candidates candidates(const config::ImagePool& pool, uint16_t count, const ByEndpoint<AliasPart>& shares) {
    return {order_.part(pool.first_endpoint, count), shares.part(pool.first_endpoint, count),
            pools_[pool.first_endpoint].turn};
  }

  ByEndpoint<Pool> pools_{};                   // by their first endpoint
  ByEndpoint<config::EndpointIndex> order_{};  // of each pool: steady, come back, down, all others
  ByEndpoint<AliasPart> up_shares_{};
  ByEndpoint<AliasPart> steady_shares_{};
};

}  // namespace penstock::state
