// dataplane/path/flight/note.h - each query's end, noted for penstockctl and the query log (config/contract/decisions).
#pragma once

#include <span>

#include "config/contract/counters.h"
#include "dataplane/path/flight/flight.h"
#include "dataplane/path/work.h"

namespace penstock::path {

// A query that ended in the turn in which it came. What was said to the client is in lcore.said. Nothing is noted of one that a flight
// answers later.
void note(state::Lcore& lcore, const QueryWork& work, config::QueryOutcome outcome);

// The first client of a flight that is still open gets `answer`, a whole message; empty: nothing. `endpoint_slot`: that answered.
void note(const Flight& flight, config::ResponseOutcome outcome, config::EndpointSlot endpoint_slot,
          std::span<const uint8_t> answer);
void note(const Flight& flight, config::SweepOutcome outcome, std::span<const uint8_t> answer);

// The same for a client that had joined it.
void note(const Flight& flight, const state::Waiter& waiter, config::WaiterOutcome outcome,
          std::span<const uint8_t> answer);

}  // namespace penstock::path
