// dataplane/path/choose/policies.h - how a pool deals its queries to the endpoints that can take them: one file a policy.
#pragma once

#include <cstdint>

#include "dataplane/state/lcore.h"

namespace penstock::path {

// One of the candidates. In constant time.
using Pick = config::EndpointIndex (*)(state::Lcore& lcore, const state::Candidates& among);

config::EndpointIndex pick_least_outstanding(state::Lcore& lcore, const state::Candidates& among);
config::EndpointIndex pick_round_robin(state::Lcore& lcore, const state::Candidates& among);
config::EndpointIndex pick_weighted(state::Lcore& lcore, const state::Candidates& among);
config::EndpointIndex pick_ordered(state::Lcore& lcore, const state::Candidates& among);

}  // namespace penstock::path
