#include "dataplane/path/query.h"

#include <cstring>

#include "config/model.h"
#include "dataplane/path/admit.h"
#include "dataplane/path/choose_endpoint.h"
#include "dataplane/path/join.h"
#include "dataplane/path/loop.h"
#include "dataplane/path/reply.h"
#include "dataplane/path/send.h"
#include "dataplane/path/transmit.h"

namespace penstock::path {
namespace {

using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;

QueryOutcome ignore(state::Lcore& lcore, const QueryWork& work, QueryOutcome outcome) {
  discard(lcore, *work.packet.frame);
  return outcome;
}

QueryOutcome answer(state::Lcore& lcore, const QueryWork& work, Rcode rcode, ExtendedError error,
                    QueryOutcome outcome) {
  if (reply(lcore, work.packet, work.query.traits, rcode, error)) return outcome;
  return ignore(lcore, work, QueryOutcome::ignored_no_room);
}

// One pool whose servers are silent must not hold the whole table: half of it stays for the others. Its load is spread, so
// one endpoint's share tells the pool's.
bool takes_too_much(const state::Lcore& lcore, const config::ImagePool& pool, uint32_t endpoint) {
  if (pool.endpoint_count == lcore.rules->endpoints().size()) return false;
  return uint64_t{lcore.outstanding[lcore.hops[endpoint].slot]} * pool.endpoint_count >= lcore.pending.capacity() / 2;
}

// Joins the flight of the same question, or makes one: a pending slot, then the client's frame becomes ours: new id, new
// headers, the same message. Who joins costs no endpoint anything.
QueryOutcome forward(state::Lcore& lcore, QueryWork& work, uint32_t rule, const config::ImagePool& pool, uint64_t now) {
  const state::QuestionKey key =
      state::question_key(work.query, work.packet.dns, lcore.rules->header().generation, rule);
  if (const auto outcome = join(lcore, work, key, pool, now)) return ignore(lcore, work, *outcome);

  if (!admit(lcore, pool, work.packet, work.weight, now))  // a stale answer, once there is a cache
    return answer(lcore, work, Rcode::servfail, ExtendedError::over_share, QueryOutcome::servfail_over_share);
  const Choice choice = choose_endpoint(lcore, pool, {}, work.packet.source, work.packet.family, now);
  if (choice.origin != kNoEndpoint)
    report_loop(lcore, config::EventKind::loop, rule, lcore.hops[choice.origin].slot, choice.obstacle == Obstacle::loop,
                work.packet, work.query, now);
  switch (choice.obstacle) {
    case Obstacle::none:
      break;
    case Obstacle::unreachable:
      return answer(lcore, work, Rcode::servfail, ExtendedError::network_error, QueryOutcome::servfail_no_next_hop);
    case Obstacle::over_budget:  // a stale answer, once there is a cache
      return answer(lcore, work, Rcode::servfail, ExtendedError::over_budget, QueryOutcome::servfail_over_budget);
    case Obstacle::loop:
      return answer(lcore, work, Rcode::refused, ExtendedError::loop, QueryOutcome::refused_loop);
  }
  const uint32_t endpoint = choice.endpoint;
  const uint32_t index =
      takes_too_much(lcore, pool, endpoint) ? state::PendingTable::kNone : lcore.pending.open(lcore.random);
  if (index == state::PendingTable::kNone)
    return answer(lcore, work, Rcode::servfail, ExtendedError::other, QueryOutcome::servfail_pending_full);

  const Packet& packet = work.packet;
  state::PendingSlot& slot = lcore.pending.slot(index);
  slot.asked_at = now;
  slot.client = packet.source;
  slot.client_mac = packet.peer_mac;
  slot.client_port = packet.source_port;
  slot.client_id = dns::id_of(packet.dns);
  slot.client_vlan = packet.vlan;
  slot.question_length = work.query.traits.question_length;
  slot.message_length = packet.dns_length <= state::PendingQuery::kLongestMessage ? packet.dns_length : 0;
  slot.listen = packet.listen;
  slot.port = packet.port;
  slot.client_family = packet.family;
  hold_share(lcore, slot, now);
  state::PendingQuery& query = lcore.pending.query(index);
  query.traits = work.query.traits;
  query.chase = state::ChasePool::kNone;
  std::memcpy(query.message.data(), packet.dns,
              slot.message_length != 0 ? slot.message_length : dns::kHeaderSize + slot.question_length);

  if (!send(lcore, index, pool, endpoint, *packet.frame, packet.dns, packet.dns_length, now)) {
    give_share_back(lcore, slot);
    lcore.pending.close(index);
    return ignore(lcore, work, QueryOutcome::ignored_no_room);
  }
  enter(lcore, work, key, index);
  lcore.retry_budget.count_query(pool.first_endpoint, now);
  return QueryOutcome::forwarded;
}

}  // namespace

void prepare_query(const state::Lcore& lcore, QueryWork& work) {
  work.verdict = dns::parse_query({work.packet.dns, work.packet.dns_length}, work.query);
  if (work.verdict != dns::QueryVerdict::ok || lcore.rules == nullptr) return;
  lcore.rules->zones().prepare(work.query.name, work.probe);
  prepare_join(lcore, work);
}

void narrow_query(const state::Lcore& lcore, QueryWork& work) {
  if (work.verdict == dns::QueryVerdict::ok) lcore.rules->zones().narrow(work.probe);
}

QueryOutcome handle_query(state::Lcore& lcore, QueryWork& work, uint64_t now) {
  if (lcore.rules == nullptr) return ignore(lcore, work, QueryOutcome::ignored_no_rules);
  if (work.verdict == dns::QueryVerdict::too_short) return ignore(lcore, work, QueryOutcome::ignored_short);
  if (work.verdict == dns::QueryVerdict::response) return ignore(lcore, work, QueryOutcome::ignored_response);

  const tables::Ruleset& rules = *lcore.rules;
  const tables::ClientEntry client = rules.clients().look_up(work.packet.source.data(), work.packet.family);
  if (!client.allowed) {
    if (rules.header().refused_silent != 0) return ignore(lcore, work, QueryOutcome::ignored_client);
    return answer(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_client);
  }
  work.weight = rules.groups()[client.group].weight;
  if (work.verdict == dns::QueryVerdict::not_query)
    return answer(lcore, work, Rcode::notimp, ExtendedError::none, QueryOutcome::notimp);
  if (work.verdict == dns::QueryVerdict::malformed) {
    work.query.traits.question_length = 0;
    work.query.traits.has_opt = false;
    return answer(lcore, work, Rcode::formerr, ExtendedError::none, QueryOutcome::formerr);
  }

  if (const auto pool = loop_probe(lcore, work.query)) {
    report_loop(lcore, config::EventKind::loop_probe, *pool, 0xffff, true, work.packet, work.query, now);
    return answer(lcore, work, Rcode::refused, ExtendedError::loop, QueryOutcome::refused_loop_probe);
  }

  const tables::Match match = rules.zones().match(work.query.name, work.probe);
  if (match.rule == config::kNoRule)
    return answer(lcore, work, Rcode::refused, ExtendedError::not_authoritative, QueryOutcome::refused_no_rule);
  const config::ImageRule& rule = rules.rule(match.rule);
  switch (static_cast<config::Action>(rule.action)) {
    case config::Action::forward:
      break;
    case config::Action::nxdomain:
      return answer(lcore, work, Rcode::nxdomain, ExtendedError::blocked, QueryOutcome::answered_nxdomain);
    case config::Action::nodata:
      return answer(lcore, work, Rcode::noerror, ExtendedError::blocked, QueryOutcome::answered_nodata);
    case config::Action::refused:
      return answer(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_by_rule);
  }
  return forward(lcore, work, match.rule, rules.pool(rule.pool), now);
}

}  // namespace penstock::path
