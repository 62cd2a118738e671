// dataplane/path/open.h - a flight begins: a slot of the pending table, with the client and the question in it.
#pragma once

#include "config/image.h"
#include "dataplane/path/query.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// The slot of a new flight for the query, to be sent to `endpoint` (an index of the rules') of the pool; PendingTable::kNone:
// the table is full, or the pool holds half of it. `now` in ns.
uint32_t open(state::Lcore& lcore, const QueryWork& work, const config::ImagePool& pool, uint32_t endpoint,
              uint64_t now);

}  // namespace penstock::path
