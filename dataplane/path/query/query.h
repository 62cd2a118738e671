// dataplane/path/query/query.h - a client's query: parsed and hashed with its whole burst, then matched, and forwarded or answered.
#pragma once

#include "dataplane/path/work.h"

namespace penstock::path {

// First pass over a burst: reads the message and prefetches the page where its answer may be remembered.
void prepare_query(const state::Lcore& lcore, QueryWork& work);

// Passes between the two: what does not seem to be remembered has the zone buckets that it needs prefetched, and then, where
// the zone table is large, the nodes behind them.
void narrow_query(const state::Lcore& lcore, QueryWork& work);
void narrow_zones(const state::Lcore& lcore, QueryWork& work);

// Second pass: the frame leaves as a query to an endpoint, leaves as our answer, or is discarded.
config::QueryOutcome handle_query(state::Lcore& lcore, QueryWork& work);

}  // namespace penstock::path
