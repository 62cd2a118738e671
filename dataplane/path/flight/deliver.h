// dataplane/path/flight/deliver.h - the end of a flight: the clients that joined it get copies of the answer, a burst of them a turn.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/dns/answer.h"
#include "dataplane/path/flight/flight.h"

namespace penstock::path {

// The flight is over, answered or not, and its first client has been seen to: its endpoints owe nothing for it, nobody joins it any more,
// and its slot is free as soon as nobody waits. Who waits gets `answer`, a whole message with the query's question; without one, or when
// too many answers are kept already, SERVFAIL with `error`.
void finish(const Flight& flight, std::span<const uint8_t> answer, dns::ExtendedError error);

// Tells at most a burst of waiting clients, in the order in which flights ended and clients came, and says how many. An answer
// larger than a client takes is cut down to its question, with TC. Frames come from lcore.frames.fresh: without any, clients wait for
// the next turn, and are lost when their own patience ends (lcore.query_timeout_ns after they asked).
unsigned deliver(state::Lcore& lcore);

}  // namespace penstock::path
