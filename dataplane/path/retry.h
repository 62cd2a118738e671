// dataplane/path/retry.h - a query that is overdue at one endpoint, or that it cannot answer, is sent to another.
#pragma once

#include "dataplane/path/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// The open query `index` gets one more send, by the rules in force now: if its zone has another pool meanwhile, it goes
// there and nowhere else. Frames come from lcore.fresh. On any outcome but `sent` nothing has changed.
config::RetryOutcome retry(state::Lcore& lcore, uint32_t index, uint64_t now);

// An endpoint answered the open query `index` with `rcode`. True when the pool's `retry_on` has it and an endpoint that was not
// asked yet now is, by the rules in force and within the retry budget: in `frame`, the response's own. False, and frame and query
// are as before: the answer is the client's.
bool ask_next(state::Lcore& lcore, uint32_t index, dns::Rcode rcode, rte_mbuf& frame, uint64_t now);

}  // namespace penstock::path
