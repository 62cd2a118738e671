// dataplane/path/memory/refresh.h - a query of our own: what is remembered is asked for again while clients get what there is.
#pragma once

#include "config/contract/image.h"
#include "dataplane/path/work.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// Sends a copy of the client's query, which is plain, to an endpoint of the pool in a fresh frame, as a flight that nobody waits for
// yet, and give up after `patience` (ns), as long as a client's at most. Not when the question is in flight already. What became of it is counted. The query's frame stays the caller's and as
// it is.
void refresh(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key, const config::ImagePool& pool,
             uint64_t patience);

}  // namespace penstock::path
