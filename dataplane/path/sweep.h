// dataplane/path/sweep.h - queries whose time is up: the client gets SERVFAIL, so that it need not wait for its own time-out.
#pragma once

#include "dataplane/state/lcore.h"

namespace penstock::path {

// Closes at most a burst of open queries that were sent lcore.query_timeout_ns or longer before `now` (ns), oldest first; says
// how many. Answers take their frames from lcore.fresh.
unsigned sweep(state::Lcore& lcore, uint64_t now);

}  // namespace penstock::path
