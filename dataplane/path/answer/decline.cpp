#include "dataplane/path/answer/decline.h"

#include "dataplane/path/answer/reply.h"
#include "dataplane/path/frame/transmit.h"

namespace penstock::path {

using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;

QueryOutcome decline(state::Lcore& lcore, const QueryWork& work, Rcode rcode, ExtendedError error,
                     QueryOutcome outcome) {
  if (reply(lcore, work.packet, work.query.traits, rcode, error)) return outcome;
  discard(lcore, *work.packet.frame);
  return QueryOutcome::ignored_no_room;
}

QueryOutcome decline(state::Lcore& lcore, const QueryWork& work, Obstacle obstacle) {
  switch (obstacle) {
    case Obstacle::over_budget:
      return decline(lcore, work, Rcode::servfail, ExtendedError::over_budget, QueryOutcome::servfail_over_budget);
    case Obstacle::loop:
      return decline(lcore, work, Rcode::refused, ExtendedError::loop, QueryOutcome::refused_loop);
    case Obstacle::none:
    case Obstacle::unreachable:
      break;
  }
  return decline(lcore, work, Rcode::servfail, ExtendedError::network_error, QueryOutcome::servfail_no_next_hop);
}

}  // namespace penstock::path
