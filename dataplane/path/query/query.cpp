#include "dataplane/path/query/query.h"

#include "config/contract/enums.h"
#include "dataplane/path/answer/reply.h"
#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/join.h"
#include "dataplane/path/flight/open.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/limits/admit.h"
#include "dataplane/path/limits/cookie.h"
#include "dataplane/path/limits/limit.h"
#include "dataplane/path/memory/recall.h"
#include "dataplane/path/query/answer_local.h"
#include "dataplane/path/query/identity.h"
#include "dataplane/path/query/loop.h"
#include "dataplane/path/query/transfer.h"
#include "dataplane/path/query/update.h"
#include "dataplane/state/lanes/stream_peer.h"

namespace penstock::path {
namespace {

using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;

// What is on its way to this client already answers this query as well.
QueryOutcome leave(state::Lcore& lcore, const QueryWork& work, QueryOutcome outcome) {
  discard(lcore, *work.packet.frame);
  return outcome;
}

// There will be no answer. The slow lane hears so by an empty one, and closes the connection.
QueryOutcome ignore(state::Lcore& lcore, const QueryWork& work, QueryOutcome outcome) {
  if (lcore.host.is_stream(work.packet.port) && send_back(lcore, work.packet, 0)) return outcome;
  return leave(lcore, work, outcome);
}

QueryOutcome answer(state::Lcore& lcore, const QueryWork& work, Rcode rcode, ExtendedError error,
                    QueryOutcome outcome) {
  if (is_error_over(lcore, work)) return ignore(lcore, work, QueryOutcome::limited_dropped);
  if (reply(lcore, work.packet, work.query.traits, rcode, error)) return outcome;
  return ignore(lcore, work, QueryOutcome::ignored_no_room);
}

// A remembered answer, though expired, is better than to say that there is none.
QueryOutcome answer_or_stale(state::Lcore& lcore, QueryWork& work, ExtendedError error, QueryOutcome outcome) {
  if (const auto stale = give_stale(lcore, work)) return *stale;
  return answer(lcore, work, Rcode::servfail, error, outcome);
}

// Joins the flight of the same question, or makes one: a pending slot, then the client's frame becomes ours: new id, new
// headers, the same message. Who joins costs no endpoint anything.
QueryOutcome forward(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key,
                     const config::ImagePool& pool) {
  limit_size(work.query.traits, pool.udp_size);
  if (work.shared && is_for_one_client(work, pool)) fly_alone(lcore, work);
  switch (to_endpoints(work, pool)) {
    case Rewritten::done:
      break;
    case Rewritten::unreadable:
      work.query.traits.question_length = 0;
      work.query.traits.has_opt = false;
      return answer(lcore, work, Rcode::formerr, ExtendedError::none, QueryOutcome::formerr);
    case Rewritten::no_room:
      return ignore(lcore, work, QueryOutcome::ignored_no_room);
  }
  if (const auto outcome = join(lcore, work, key, pool)) return leave(lcore, work, *outcome);

  if (const auto outcome = limit_negative(lcore, work, lcore.rules->rule(key.rule).identity)) return *outcome;
  if (!admit(lcore, pool, sharer_of(work), work.weight))
    return answer_or_stale(lcore, work, ExtendedError::over_share, QueryOutcome::servfail_over_share);
  const Choice choice = choose_endpoint(lcore, pool, {}, work.packet.source, work.packet.family);
  if (choice.origin != kNoEndpoint)
    report_loop(lcore, config::EventKind::loop, key.rule, lcore.hops[choice.origin].slot,
                choice.obstacle == Obstacle::loop, work.packet, work.query);
  switch (choice.obstacle) {
    case Obstacle::none:
      break;
    case Obstacle::unreachable:
      return answer_or_stale(lcore, work, ExtendedError::network_error, QueryOutcome::servfail_no_next_hop);
    case Obstacle::over_budget:
      return answer_or_stale(lcore, work, ExtendedError::over_budget, QueryOutcome::servfail_over_budget);
    case Obstacle::loop:
      return answer(lcore, work, Rcode::refused, ExtendedError::loop, QueryOutcome::refused_loop);
  }
  const uint32_t index = open(lcore, work, pool);
  if (index == state::PendingTable::kNone)
    return answer_or_stale(lcore, work, ExtendedError::other, QueryOutcome::servfail_pending_full);
  lcore.pending.slot(index).counts_as_negative = work.response_rate != 0 ? 1 : 0;
  const Packet& packet = work.packet;
  const state::PendingSlot& slot = lcore.pending.slot(index);
  if (may_go_by_udp(slot) && slot.message_length != 0 && is_silent_over_tcp(lcore, pool, choice.endpoint) &&
      send_by_udp(lcore, index, pool, choice.endpoint, {packet.dns, packet.dns_length})) {
    discard(lcore, *packet.frame);
  } else if (!send(lcore, index, pool, choice.endpoint, *packet.frame, packet.dns, packet.dns_length)) {
    abandon(lcore, index);
    return ignore(lcore, work, QueryOutcome::ignored_no_room);
  }
  enter(lcore, work, key, index);
  lcore.retry_budget.count_query(pool.first_endpoint, lcore.now);
  return QueryOutcome::forwarded;
}

// Nothing: it is of any class, which is IN as well.
std::optional<QueryOutcome> answer_other_class(state::Lcore& lcore, const QueryWork& work,
                                               const state::QuestionKey& asked) {
  const bool is_any = asked.query_class == dns::kClassAny;
  if (is_any && !is_own_name(work.query.name)) return std::nullopt;
  if (is_any || asked.query_class == dns::kClassChaos)
    if (const std::span<const uint8_t> own = own_text(lcore.host, work.query.name, asked.type); !own.empty())
      return answer_own(lcore, work, own) ? QueryOutcome::answered_identity
                                          : ignore(lcore, work, QueryOutcome::ignored_no_room);
  return answer(lcore, work, Rcode::refused, ExtendedError::not_authoritative, QueryOutcome::refused_class);
}

// Whoever does not wants to know what others have asked, or takes us for a server of the zone.
bool wants_recursion(const QueryWork& work, const tables::ClientEntry& client) {
  return (work.query.traits.flags & dns::kFlagRecursionDesired) != 0 || client.may_snoop;
}

void probe_zones(const state::Lcore& lcore, QueryWork& work) {
  lcore.rules->zones().prepare(work.query.name, work.probe);
  work.is_probed = true;
}

}  // namespace

void prepare_query(const state::Lcore& lcore, QueryWork& work) {
  work.is_likely = false;
  work.is_probed = false;
  const bool over_tcp = came_over_tcp(lcore, work.packet);
  work.proof = over_tcp ? state::Proof::address : state::Proof::none;
  work.has_good_cookie = false;
  work.opt_length = 0;
  work.verdict = dns::parse_query({work.packet.dns, work.packet.dns_length}, work.query);
  if (work.verdict != dns::QueryVerdict::ok || lcore.rules == nullptr) return;
  if (over_tcp) work.query.traits.udp_size = kStreamSize;
  prepare_join(lcore, work);
  lcore.answers.prefetch(work.question_hash);
}

void narrow_query(const state::Lcore& lcore, QueryWork& work) {
  if (work.verdict != dns::QueryVerdict::ok) return;
  work.is_likely = lcore.answers.prefetch_entry(work.question_hash);
  if (!work.is_likely) probe_zones(lcore, work);
}

void narrow_zones(const state::Lcore& lcore, QueryWork& work) {
  if (work.is_probed) lcore.rules->zones().narrow(work.probe);
}

QueryOutcome handle_query(state::Lcore& lcore, QueryWork& work) {
  if (lcore.rules == nullptr) return ignore(lcore, work, QueryOutcome::ignored_no_rules);
  if (work.verdict == dns::QueryVerdict::too_short) return ignore(lcore, work, QueryOutcome::ignored_short);
  if (work.verdict == dns::QueryVerdict::response) return ignore(lcore, work, QueryOutcome::ignored_response);

  if (work.query.cookie_length != 0) read_cookie(lcore, work);
  const tables::Ruleset& rules = *lcore.rules;
  const tables::ClientEntry client = rules.clients().look_up(work.packet.source.data(), work.packet.family);
  work.response_rate = 0;
  if (!client.allowed) {
    work.response_rate = response_rate_of(lcore, work);
    work.query.traits.wants_nsid = false;  // who may not ask does not hear who we are
    if (!came_over_tcp(lcore, work.packet))
      lcore.turned_away.note(work.packet.source, work.packet.family, 0, lcore.now);
    if (rules.header().refused_silent != 0) return ignore(lcore, work, QueryOutcome::ignored_client);
    return answer(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_client);
  }
  const config::ImageGroup& group = rules.groups()[client.group];
  work.weight = group.weight;
  work.group = client.group;
  if (rules.has_limits())
    if (const auto outcome = limit(lcore, work, client)) return *outcome;
  const bool is_update = (work.query.traits.flags & dns::kOpcodeMask) != 0;
  if (work.verdict == dns::QueryVerdict::not_query || (is_update && rules.header().update_pool == config::kNoPool)) {
    work.query.traits.question_length = 0;
    work.query.traits.has_opt = false;
    return answer(lcore, work, Rcode::notimp, ExtendedError::none, QueryOutcome::notimp);
  }
  if (work.verdict == dns::QueryVerdict::malformed) {
    work.query.traits.question_length = 0;
    work.query.traits.has_opt = false;
    return answer(lcore, work, Rcode::formerr, ExtendedError::none, QueryOutcome::formerr);
  }

  dns::QueryTraits& traits = work.query.traits;
  traits.udp_size = client_size(lcore.host, work.packet, traits.udp_size, group);
  if (work.query.wants_keepalive && traits.udp_size == kStreamSize) traits.keepalive = lcore.host.tcp_keepalive;
  if (work.verdict == dns::QueryVerdict::update) return handle_update(lcore, work);
  if (work.verdict == dns::QueryVerdict::bad_version)
    return answer(lcore, work, Rcode::badvers, ExtendedError::none, QueryOutcome::badvers);
  if (work.verdict == dns::QueryVerdict::cookie_only) {
    // RFC 7873 section 5.4.
    const bool is_bad = work.query.cookie_length > dns::kClientCookieSize && !work.has_good_cookie;
    return answer(lcore, work, is_bad ? Rcode::badcookie : Rcode::noerror, ExtendedError::none,
                  QueryOutcome::answered_cookie);
  }

  if (const auto pool = loop_probe(lcore, work.query)) {
    report_loop(lcore, config::EventKind::loop_probe, *pool, 0xffff, true, work.packet, work.query);
    return answer(lcore, work, Rcode::refused, ExtendedError::loop, QueryOutcome::refused_loop_probe);
  }

  work.has_stale = false;
  work.tries = false;
  state::CacheKey key{.hash = work.question_hash,
                      .identity = 0,
                      .name = work.query.name.bytes,
                      .question = state::question_key(work.query, work.packet.dns, rules.header().generation,
                                                      config::kNoRule, rules.class_of(client.group))};
  if (work.is_likely && wants_recursion(work, client))
    if (const auto outcome = recall_by_generation(lcore, work, key)) return *outcome;

  // Zones and endpoints are of class IN, and nothing of another one goes to them.
  if (key.question.query_class != dns::kClassIn)
    if (const auto outcome = answer_other_class(lcore, work, key.question)) return *outcome;

  if (!work.is_probed) probe_zones(lcore, work);
  const tables::Match match = rules.match(work.query.name, work.probe, client.group);
  if (match.rule == config::kNoRule)
    return answer(lcore, work, Rcode::refused, ExtendedError::not_authoritative, QueryOutcome::refused_no_rule);
  if (match.is_left_out)
    return answer(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_view);
  const config::ImageRule& rule = rules.rule(match.rule);
  switch (static_cast<config::Action>(rule.action)) {
    case config::Action::forward:
      break;
    case config::Action::nxdomain:
    case config::Action::nodata:
    case config::Action::records:
    case config::Action::addresses:
      return answer_local(lcore, work, match);
    case config::Action::refused:
      return answer(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_by_rule);
  }
  // Local records say so themselves.
  if (is_transfer(work)) {
    if (const auto outcome = pass_transfer(lcore, work, match)) return *outcome;
    return answer(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_transfer);
  }
  if (work.query.opaque) return pass_query(lcore, work, match.rule);
  if (!wants_recursion(work, client))
    return answer(lcore, work, Rcode::refused, ExtendedError::not_authoritative, QueryOutcome::refused_snoop);
  const config::ImagePool& pool = rules.pool(rule.pool);
  key.question.rule = match.rule;
  key.identity = rule.identity;
  if (work.is_likely && work.query.plain && is_remembered(rule, pool))
    if (const auto outcome = recall(lcore, work, key, pool)) return *outcome;
  return forward(lcore, work, key.question, pool);
}

}  // namespace penstock::path
