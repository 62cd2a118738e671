#include "dataplane/path/query/forward.h"

#include "dataplane/path/answer/end.h"
#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/flight/start.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/limits/admit.h"
#include "dataplane/path/limits/limit.h"
#include "dataplane/path/memory/recall.h"
#include "dataplane/path/query/loop.h"

namespace penstock::path {
namespace {

using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;

// An expired answer is better than an error.
QueryOutcome end_or_stale(state::Lcore& lcore, QueryWork& work, ExtendedError error, QueryOutcome outcome) {
  if (const auto stale = give_stale(lcore, work)) return *stale;
  return end(lcore, work, Rcode::servfail, error, outcome);
}

QueryOutcome end_or_stale(state::Lcore& lcore, QueryWork& work, Obstacle obstacle) {
  if (obstacle != Obstacle::loop)
    if (const auto stale = give_stale(lcore, work)) return *stale;
  return end(lcore, work, obstacle);
}

// By the client's own frame, but over UDP, in a copy, where the endpoint is silent over TCP.
bool send_first(const Flight& flight, const Route& route, const Packet& packet) {
  if (may_go_by_udp(flight) && flight.slot.message_length != 0 && is_silent_over_tcp(flight.lcore, route) &&
      send_copy(flight, route, {packet.dns, packet.dns_length}, Transport::udp)) {
    discard(flight.lcore, *packet.frame);
    return true;
  }
  return send(flight, route, outgoing_of(packet));
}

// The query's message becomes the one for endpoints. Nothing: it has.
std::optional<QueryOutcome> rewrite(state::Lcore& lcore, QueryWork& work, const config::ImagePool& pool) {
  limit_size(work.query.traits, pool.udp_size);
  if (work.shared && is_for_one_client(work, pool)) fly_alone(lcore, work);
  switch (to_endpoints(work, pool)) {
    case Rewritten::done:
      break;
    case Rewritten::unreadable:
      return end_unread(lcore, work, Rcode::formerr, QueryOutcome::formerr);
    case Rewritten::no_room:
      return ignore(lcore, work, QueryOutcome::ignored_no_room);
  }
  return std::nullopt;
}

}  // namespace

QueryOutcome forward(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key,
                     const config::ImagePool& pool) {
  if (const auto outcome = rewrite(lcore, work, pool)) return *outcome;
  // A client that joins costs no endpoint anything.
  if (const auto outcome = join(lcore, work, key, pool)) return leave(lcore, work, *outcome);
  if (const auto outcome = limit_negative(lcore, work, lcore.rules->rule(key.rule).identity)) return *outcome;
  if (!admit(lcore, pool, sharer_of(work), work.weight))
    return end_or_stale(lcore, work, ExtendedError::over_share, QueryOutcome::servfail_over_share);
  const Choice choice = choose_endpoint(lcore, pool, {}, work.packet.source, work.packet.family);
  if (choice.origin != kNoEndpoint)
    report_loop(lcore,
                {config::EventKind::loop, key.rule.value(), lcore.endpoints.hops[choice.origin].slot,
                 choice.obstacle == Obstacle::loop},
                work);
  if (choice.obstacle != Obstacle::none) return end_or_stale(lcore, work, choice.obstacle);

  const Started started = start(lcore, work, key, pool, [&](const Flight& flight) {
    flight.slot.counts_as_negative = work.response_rate != 0 ? 1 : 0;
    return send_first(flight, {pool, choice.endpoint}, work.packet);
  });
  if (started == Started::full)
    return end_or_stale(lcore, work, ExtendedError::other, QueryOutcome::servfail_pending_full);
  return end(lcore, work, started);
}

}  // namespace penstock::path
