// dataplane/path/flight/open.h - a slot of the pending table for a flight, with the client and the question in it.
#pragma once

#include <optional>

#include "config/contract/image.h"
#include "dataplane/path/flight/flight.h"
#include "dataplane/path/work.h"

namespace penstock::path {

// A flight for the query, to be sent to an endpoint of the pool; nothing: the table is full, or the pool holds half of it. It counts as
// its client's (path/limits/admit.h).
std::optional<Flight> open(state::Lcore& lcore, const QueryWork& work, const config::ImagePool& pool);

// The flight's query did not leave, and nobody has joined it: its slot is free.
void abandon(const Flight& flight);

}  // namespace penstock::path
