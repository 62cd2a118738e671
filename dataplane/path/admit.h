// dataplane/path/admit.h - who goes without when there is not enough for all: whoever takes more than a fair share.
//
// Two things are scarce: what a pool's endpoints may be asked, and slots of the pending table. While less than half of one is
// in use nobody is looked at. Above, a client may take its weight times what is free, so the last part is always there for the
// others, however many take too much, and nobody has to be counted for that.
#pragma once

#include <cstdint>

#include "dataplane/path/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// May the client have another query sent to the pool? `weight`: of its group. `now` in ns. What is admitted counts as taken.
bool admit(state::Lcore& lcore, const config::ImagePool& pool, const Packet& packet, uint32_t weight, uint64_t now);

// The admitted query has opened this slot.
void hold_share(state::Lcore& lcore, state::PendingSlot& slot, uint64_t now);
// The slot is about to be closed.
void give_share_back(state::Lcore& lcore, const state::PendingSlot& slot);

}  // namespace penstock::path
