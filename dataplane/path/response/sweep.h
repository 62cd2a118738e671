// dataplane/path/response/sweep.h - queries that are due: sent once more while there is time, then answered SERVFAIL, so that the client
// need not wait for its own time-out.
#pragma once

#include "dataplane/path/flight/flight.h"

namespace penstock::path {

// Looks after at most a burst of open queries that are due and says how many. A query is given up
// lcore.query_timeout_ns after it came. Clients that joined it came later and hear SERVFAIL at the same time, before their own
// patience ends: what nobody answered so long is not asked any longer for their sake, or a name asked for all the time would
// never be given up. Whoever asks again starts anew. Frames for copies and answers come from lcore.frames.fresh.
unsigned sweep(state::Lcore& lcore);

// Nobody answers: the flight's clients hear so, and it is over.
void give_up(const Flight& flight);

}  // namespace penstock::path
