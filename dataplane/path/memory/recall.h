// dataplane/path/memory/recall.h - an answer from memory, in the query's own frame, before anybody is asked.
#pragma once

#include <algorithm>
#include <optional>
#include <span>

#include "config/contract/image.h"
#include "dataplane/path/flight/flight.h"
#include "dataplane/path/memory/freshness.h"
#include "dataplane/path/work.h"
#include "dataplane/state/answers/answer_cache.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// Gives the client what is remembered, if it is good for it; nothing, and the query must be forwarded. An expired answer goes
// out at once while the pool is silent or has failed this question the last time (RFC 8767 section 5); otherwise
// work.has_stale says that lcore.memory.recalled holds one, for the case that asking fails. What is about to expire, or has, is asked
// for again (path/memory/refresh.h).
std::optional<config::QueryOutcome> recall(state::Lcore& lcore, QueryWork& work, const state::CacheKey& key,
                                           const config::ImagePool& pool);

// The same before its zone is known, of what was remembered under the rules in force: the entry says which rule that was.
// Nothing also when the rules have changed since; then recall() may know more.
// Rule and identity of the key are then those of the entry.
std::optional<config::QueryOutcome> recall_by_generation(state::Lcore& lcore, QueryWork& work, state::CacheKey& key);

// After recall() said that there is an expired answer: gives that out after all.
std::optional<config::QueryOutcome> give_stale(state::Lcore& lcore, QueryWork& work);

// The flight has failed. What is remembered for its question, whole, with an OPT, for all of its clients
// (dns::fit_answer) and with id 0; empty: nothing that may be given out. Valid until the next call for the lcore.
std::span<const uint8_t> recall_for(const Flight& flight);

// Failures of a pool before this (ns) count no more: somebody has come back since. `owner`: the slot of its first endpoint.
inline uint64_t failures_count_from(const state::Lcore& lcore, config::EndpointSlot owner) {
  return std::max(lcore.endpoints.returns[owner].load(std::memory_order_relaxed),
                  lcore.endpoints.hops.came_up_at(owner));
}

// Does nobody of the pool answer, as far as we know?
bool is_silent(state::Lcore& lcore, const config::ImagePool& pool);

}  // namespace penstock::path
