// dataplane/path/retry.h - a query that is overdue at one endpoint is sent to another; the first is not given up.
#pragma once

#include "dataplane/state/lcore.h"

namespace penstock::path {

// The open query `index` gets one more send, by the rules in force now: if its zone has another pool meanwhile, it goes
// there and nowhere else. Frames come from lcore.fresh. On any outcome but `sent` nothing has changed.
config::RetryOutcome retry(state::Lcore& lcore, uint32_t index, uint64_t now);

}  // namespace penstock::path
