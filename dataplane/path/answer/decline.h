// dataplane/path/answer/decline.h - a query that was to be passed on as it came, and goes nowhere: it is answered, with the reason.
#pragma once

#include "dataplane/dns/answer.h"
#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/work.h"

namespace penstock::path {

// The frame leaves with the answer, or is discarded where it has no room for it.
config::QueryOutcome decline(state::Lcore& lcore, const QueryWork& work, dns::Rcode rcode, dns::ExtendedError error,
                             config::QueryOutcome outcome);
// For want of an endpoint; any obstacle but none.
config::QueryOutcome decline(state::Lcore& lcore, const QueryWork& work, Obstacle obstacle);

}  // namespace penstock::path
