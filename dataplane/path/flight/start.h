// dataplane/path/flight/start.h - the one way in which a flight begins: opened, sent, made known to those who ask the same, and counted.
#pragma once

#include "dataplane/path/answer/end.h"
#include "dataplane/path/flight/join.h"
#include "dataplane/path/flight/open.h"

namespace penstock::path {

enum class Started : uint8_t {
  yes,
  full,    // no slot of the pending table
  unsent,  // `first_send` said so: nothing has changed
};

// `first_send` gets the flight and sends its first message: whether it has left.
template <typename Send>
Started start(state::Lcore& lcore, const QueryWork& work, const state::QuestionKey& key, const config::ImagePool& pool,
              Send&& first_send) {
  const std::optional<Flight> flight = open(lcore, work, pool);
  if (!flight) return Started::full;
  if (!first_send(*flight)) {
    abandon(*flight);
    return Started::unsent;
  }
  enter(*flight, work, key);
  lcore.endpoints.retry_budget.count_query(flight->query.pool_slot, lcore.now);
  return Started::yes;
}

// What becomes of the query, whose frame is still the caller's unless it has started.
inline config::QueryOutcome end(state::Lcore& lcore, const QueryWork& work, Started started) {
  switch (started) {
    case Started::yes:
      return config::QueryOutcome::forwarded;
    case Started::full:
      return end(lcore, work, dns::Rcode::servfail, dns::ExtendedError::other,
                 config::QueryOutcome::servfail_pending_full);
    case Started::unsent:
      break;
  }
  return ignore(lcore, work, config::QueryOutcome::ignored_no_room);
}

}  // namespace penstock::path
