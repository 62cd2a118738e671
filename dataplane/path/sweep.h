// dataplane/path/sweep.h - queries that are due: sent once more while there is time, then answered SERVFAIL, so that the client
// need not wait for its own time-out.
#pragma once

#include "dataplane/state/lcore.h"

namespace penstock::path {

// Looks after at most a burst of open queries that are due at `now` (ns) and says how many. A query is given up
// lcore.query_timeout_ns after it came. Frames for copies and answers come from lcore.fresh.
unsigned sweep(state::Lcore& lcore, uint64_t now);

}  // namespace penstock::path
