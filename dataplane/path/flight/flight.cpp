#include "dataplane/path/flight/flight.h"

#include "dataplane/path/limits/admit.h"

namespace penstock::path {

void settle_send(const Flight& flight, unsigned number) {
  state::PendingSend& send = flight.query.send(number);
  if (send.answered) return;
  send.answered = true;
  --flight.lcore.endpoints.outstanding[send.endpoint_slot];
}

bool is_owed(const Flight& flight) {
  for (unsigned i = 0; i < flight.slot.sends; ++i)
    if (!flight.query.send(i).answered) return true;
  return false;
}

void end_chase(const Flight& flight) {
  state::PendingQuery& query = flight.query;
  if (query.chase == state::ChasePool::kNone) return;
  const state::Chase& chase = flight.lcore.flights.chases[query.chase];
  if (chase.is_counted) release(flight.lcore, chase.sharer, state::Thing::chases);
  flight.lcore.flights.chases.give_back(query.chase);
  query.chase = state::ChasePool::kNone;
}

}  // namespace penstock::path
