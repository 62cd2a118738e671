// dataplane/path/flight/open.h - a flight begins: a slot of the pending table, with the client and the question in it.
#pragma once

#include "config/contract/image.h"
#include "dataplane/path/work.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// The slot of a new flight for the query, to be sent to an endpoint of the pool; PendingTable::kNone: the table is full, or the pool
// holds half of it. It counts as its client's (path/limits/admit.h).
uint32_t open(state::Lcore& lcore, const QueryWork& work, const config::ImagePool& pool);

// The flight whose query did not leave, and that nobody has joined: its slot is free.
void abandon(state::Lcore& lcore, uint32_t index);

}  // namespace penstock::path
