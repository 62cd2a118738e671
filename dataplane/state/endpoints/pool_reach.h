// dataplane/state/endpoints/pool_reach.h - whether anybody of a pool still answers, as one lcore and its neighbours hear it.
//
// Words that more than one lcore writes are told apart: they only ever say "later", so a lost one costs a moment.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "config/contract/image.h"

namespace penstock::state {

// Times in ns of the lcores' clock; 0: never. By the slot of the pool's first endpoint.
struct PoolReach {
  uint64_t heard_at = 0;  // the last response
  uint64_t lost_at = 0;  // since when nobody answers: a query waited for all of its patience and nothing came meanwhile
  uint64_t tried_at = 0;  // the last query that was sent to see whether somebody is back
  uint64_t good_at = 0;   // the last answer that was no failure
  bool fails = false;     // there has been a failure since
};

// When a pool was well again after a silence or after failures, by whichever lcore. By the same slot.
using PoolReturns = config::IndexedArray<config::EndpointSlot, std::atomic<uint64_t>, config::kMaxEndpoints>;

}  // namespace penstock::state
