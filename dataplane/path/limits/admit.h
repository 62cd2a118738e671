// dataplane/path/limits/admit.h - who goes without when there is not enough for all: whoever takes more than a fair share.
//
// Scarce are what a pool's endpoints may be asked, slots of the pending table, those of them that one pool may have, records of
// clients that joined, and chases. While less than half of one is in use nobody is looked at. Above, a client may take its weight
// times what is free, so the last part is always there for the others, however many take too much, and nobody has to be counted
// for that. It is asked before the limit that all clients share.
#pragma once

#include <cstdint>

#include "dataplane/path/work.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

state::Sharer sharer_of(const QueryWork& work);
state::Sharer sharer_of(const state::PendingSlot& slot);

// May the client have another query sent to the pool? `weight`: of its group. What is admitted counts as taken.
bool admit(state::Lcore& lcore, const config::ImagePool& pool, const state::Sharer& sharer, uint32_t weight);

// One pool whose servers are silent must not hold the whole pending table: half of it stays for the others.
state::Scarce slots_for_pool(const state::Lcore& lcore, const config::ImagePool& pool);

// May the client hold one more of it?
bool may_hold(state::Lcore& lcore, const state::Sharer& sharer, uint32_t weight, const state::Scarce& scarce);
// It has taken one. True: it was counted, and is to be released.
bool hold(state::Lcore& lcore, const state::Sharer& sharer, const state::Scarce& scarce);
void release(state::Lcore& lcore, const state::Sharer& sharer, state::Thing thing,
             config::EndpointSlot of = config::kNoEndpointSlot);

// The flight's client has taken its slot, which is one of the pool's (slots_for_pool()); it gives it back when the flight is over.
void hold_slot(state::Lcore& lcore, uint32_t index, const state::Scarce& of_pool);
void release_slot(state::Lcore& lcore, uint32_t index);

}  // namespace penstock::path
