#include "dataplane/path/flight/flight.h"

#include "dataplane/path/limits/admit.h"

namespace penstock::path {

void end_chase(state::Lcore& lcore, state::PendingQuery& query) {
  if (query.chase == state::ChasePool::kNone) return;
  const state::Chase& chase = lcore.chases[query.chase];
  if (chase.is_counted) release(lcore, chase.sharer, state::Thing::chases);
  lcore.chases.give_back(query.chase);
  query.chase = state::ChasePool::kNone;
}

}  // namespace penstock::path
