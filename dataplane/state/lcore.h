// dataplane/state/lcore.h - everything one lcore owns, by who uses it, and references to what all lcores share (Shared). Of its own only
// the counters and the clients that it turned away are read by others.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "config/contract/counters.h"
#include "config/contract/link.h"
#include "dataplane/state/answers/answer_cache.h"
#include "dataplane/state/clients/client_shares.h"
#include "dataplane/state/clients/cookie_keys.h"
#include "dataplane/state/clients/rate_limits.h"
#include "dataplane/state/clients/turned_away.h"
#include "dataplane/state/endpoints/edns_memory.h"
#include "dataplane/state/endpoints/endpoint_filter.h"
#include "dataplane/state/endpoints/endpoint_hops.h"
#include "dataplane/state/endpoints/odd_responses.h"
#include "dataplane/state/endpoints/pool_pressure.h"
#include "dataplane/state/endpoints/pool_reach.h"
#include "dataplane/state/endpoints/rate_budget.h"
#include "dataplane/state/endpoints/retry_budget.h"
#include "dataplane/state/endpoints/round_trips.h"
#include "dataplane/state/endpoints/silence.h"
#include "dataplane/state/flights/chases.h"
#include "dataplane/state/flights/delivery.h"
#include "dataplane/state/flights/pending.h"
#include "dataplane/state/flights/waiters.h"
#include "dataplane/state/hash_index.h"
#include "dataplane/state/lanes/frame_batch.h"
#include "dataplane/state/random.h"
#include "dataplane/state/report_limit.h"
#include "dataplane/state/said.h"
#include "dataplane/tables/local_host.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::state {

// The block of source ports that an lcore was dealt (tables::LocalHost::deal_source_ports).
struct SourcePortBlock {
  uint16_t first = 0;
  uint16_t count = 0;
  uint16_t draw(Random& random) const {
    return static_cast<uint16_t>(first + ((static_cast<uint64_t>(random.next()) * count) >> 32));
  }
};

// What all lcores write to.
struct Shared {
  RateBudgets& budgets;
  AnswerCache& answers;
  PoolReturns& returns;
  EdnsMemory& no_edns;
  RateLimits& limits;
  CookieKeys& cookies;
  uint64_t hash_key;  // random; of questions and all else that clients choose
};

// Open queries and the clients that wait for them (state/flights).
struct Flights {
  explicit Flights(uint32_t slots)
      : pending(slots), by_question(slots * 2), waiters(pending.capacity(), slots * 2), deliveries(slots) {}

  PendingTable pending;
  HashIndex by_question;  // pending slots, by the hash of their question
  WaiterPool waiters;
  DeliveryQueue deliveries;
  ChasePool chases;
};

// What is known of endpoints, and what they may still be asked (state/endpoints). By endpoint slot where nothing else is said.
struct Endpoints {
  template <typename T>
  using BySlot = config::IndexedArray<config::EndpointSlot, T, config::kMaxEndpoints>;

  explicit Endpoints(const Shared& shared)
      : budgets(shared.budgets), returns(shared.returns), no_edns(shared.no_edns) {}

  RateBudgets& budgets;  // this and the next two are shared by all lcores
  PoolReturns& returns;
  EdnsMemory& no_edns;
  EndpointHops hops;
  EndpointFilter filter;
  BySlot<uint32_t> outstanding{};   // sends not yet answered or given up
  BySlot<uint32_t> pool_pending{};  // pending slots, by the slot of their pool's first endpoint
  config::IndexedArray<config::EndpointIndex, PoolPressure, config::kMaxEndpoints>
      pressures{};            // by the pool's first endpoint
  BySlot<PoolReach> reach{};  // by the slot of the pool's first endpoint
  RoundTrips round_trips;
  Silence silence;
  Silence stream_silence;  // over TCP
  OddResponses odd_responses;
  RetryBudget retry_budget;
  BudgetLeases leases;
};

// What clients have taken, and who has taken too much (state/clients).
struct Clients {
  Clients(const Shared& shared, uint64_t seed) : limits(shared.limits), cookies(shared.cookies), shares(seed) {}

  RateLimits& limits;  // this and the next are shared by all lcores
  const CookieKeys& cookies;
  ClientShares shares;
  TurnedAway turned_away;
};

// Remembered answers (state/answers), and what one is read into.
struct Memory {
  explicit Memory(const Shared& shared) : answers(shared.answers) {}

  AnswerCache& answers;               // shared by all lcores
  Recalled recalled;                  // what was found there the last time
  std::array<uint8_t, 4096> message;  // made of it, or a copy of an answer for those who joined
  uint32_t rotation = 0;              // of the next set of addresses that is given out
};

// Frames between two stages, and between two turns (state/lanes).
struct Frames {
  std::array<FrameBatch, tables::LocalHost::kMaxPorts> egress;  // by port
  FrameBatch discarded;                                         // to be freed
  FrameBatch fresh;                                             // empty, for answers that have no frame of their own
  unsigned first_ring = 0;                                      // whose ring is looked into first, the next time
};

struct Lcore {
  Lcore(uint8_t number, uint32_t pending_slots, SourcePortBlock source_ports, std::span<const uint8_t, 44> seed,
        const tables::LocalHost& local_host, const Shared& shared, config::LcoreCounters& lcore_counters)
      : index(number),
        ports(source_ports),
        host(local_host),
        counters(lcore_counters),
        random(seed),
        hash_key(shared.hash_key),
        flights(pending_slots),
        endpoints(shared),
        clients(shared, uint64_t{random.next()} << 32 | random.next()),
        memory(shared) {}

  uint8_t index;
  SourcePortBlock ports;
  const tables::LocalHost& host;
  config::LcoreCounters& counters;

  uint64_t now = 0;  // ns, of a clock that all lcores share: when this turn began. It never goes back.

  // Taken anew at each turn; null: no rules yet.
  const tables::Ruleset* rules = nullptr;
  uint64_t query_timeout_ns = 1'800'000'000;
  bool control_silent = false;  // `down` is then ignored
  uint64_t silent_until = 0;    // ns; until then no event is told (path/tell.h)
  Said said;                    // to the client whose query is handled now, while it is

  Random random;
  uint64_t hash_key;  // of flights, waiters and remembered answers
  ReportLimit reports;
  Flights flights;
  Endpoints endpoints;
  Clients clients;
  Memory memory;
  Frames frames;
};

}  // namespace penstock::state
