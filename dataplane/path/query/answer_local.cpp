#include "dataplane/path/query/answer_local.h"

#include <algorithm>
#include <cstring>

#include "config/contract/enums.h"
#include "dataplane/path/answer/reply.h"
#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/join.h"
#include "dataplane/path/flight/open.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/guard/chase.h"
#include "dataplane/path/limits/admit.h"
#include "dataplane/path/limits/limit.h"
#include "dataplane/tables/local_answer.h"

namespace penstock::path {
namespace {

using config::Action;
using config::ImageLocalZone;
using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;
using tables::LocalAnswer;
using tables::Match;

constexpr uint16_t kTypeIxfr = 251;
constexpr uint16_t kTypeAxfr = 252;

QueryOutcome outcome_of(Action action) {
  switch (action) {
    case Action::nxdomain:
      return QueryOutcome::answered_nxdomain;
    case Action::nodata:
      return QueryOutcome::answered_nodata;
    case Action::addresses:
      return QueryOutcome::answered_address;
    default:
      return QueryOutcome::answered_local;
  }
}

QueryOutcome ignore(state::Lcore& lcore, const QueryWork& work, QueryOutcome outcome) {
  discard(lcore, *work.packet.frame);
  return outcome;
}

QueryOutcome fail(state::Lcore& lcore, const QueryWork& work, ExtendedError error, QueryOutcome outcome) {
  if (reply(lcore, work.packet, work.query.traits, Rcode::servfail, error)) return outcome;
  return ignore(lcore, work, QueryOutcome::ignored_no_room);
}

// The chain leads to a name of `number`, a rule that forwards: its end is asked of the rule's pool, as that of a chain from
// elsewhere into a private zone is (path/guard/chase.h). Not shared and not remembered: what is here may change with the next rules.
QueryOutcome forward_end(state::Lcore& lcore, QueryWork& work, uint32_t number, const LocalAnswer& answer) {
  const config::ImageRule& rule = lcore.rules->rule(number);
  const config::ImagePool& pool = lcore.rules->pool(rule.pool);
  const dns::QueryTraits& traits = work.query.traits;
  work.query.plain = false;
  prepare_join(lcore, work);
  const state::QuestionKey key = state::question_key(work.query, work.packet.dns, lcore.rules->header().generation,
                                                     number, lcore.rules->class_of(work.group));
  if (const auto outcome = join(lcore, work, key, pool)) return ignore(lcore, work, *outcome);
  if (!admit(lcore, pool, sharer_of(work), work.weight))
    return fail(lcore, work, ExtendedError::over_share, QueryOutcome::servfail_over_share);
  const uint32_t index = open(lcore, work, pool);
  if (index == state::PendingTable::kNone)
    return fail(lcore, work, ExtendedError::other, QueryOutcome::servfail_pending_full);

  const auto* buffer_end = static_cast<uint8_t*>(work.packet.frame->buf_addr) + work.packet.frame->buf_len;
  Packet chain = work.packet;
  dns::QueryTraits without_opt = traits;
  without_opt.has_opt = false;
  chain.dns_length = static_cast<uint16_t>(
      tables::write_answer({chain.dns, static_cast<size_t>(buffer_end - chain.dns)}, without_opt, answer));
  if (start_chase(lcore, index, rule, answer.links, chain)) {
    enter(lcore, work, key, index);
    return QueryOutcome::forwarded;
  }
  std::memcpy(work.packet.dns + dns::kHeaderSize, lcore.pending.query(index).question(), traits.question_length);
  dns::store16(work.packet.dns, lcore.pending.slot(index).client_id);
  abandon(lcore, index);
  return fail(lcore, work, ExtendedError::network_error, QueryOutcome::servfail_no_next_hop);
}

}  // namespace

QueryOutcome answer_local(state::Lcore& lcore, QueryWork& work, const Match& match) {
  const tables::Ruleset& rules = *lcore.rules;
  const config::ImageRule& rule = rules.rule(match.rule);
  const ImageLocalZone& zone = rules.local().zone(rule.pool);
  const Packet& packet = work.packet;
  const dns::QueryTraits& traits = work.query.traits;
  const auto discarded = [&] { return ignore(lcore, work, QueryOutcome::ignored_no_room); };
  const auto* buffer_end = static_cast<uint8_t*>(packet.frame->buf_addr) + packet.frame->buf_len;
  const auto room = static_cast<size_t>(buffer_end - packet.dns);
  const bool is_denied = !tables::has_local_records(rule);
  const auto error = is_denied ? static_cast<ExtendedError>(zone.error) : ExtendedError::none;
  const unsigned begin = dns::kHeaderSize + traits.question_length;
  const unsigned least = begin + (traits.has_opt ? dns::answer_tail(traits, error) : 0);
  const auto most = std::min<size_t>({traits.udp_size, tables::kLongestLocalAnswer, room});
  if (most < least) return discarded();

  const uint16_t type = dns::load16(packet.dns + begin - 4);
  LocalAnswer answer{tables::LocalBody(begin, static_cast<unsigned>(most) - least)};
  answer.error = error;
  if (is_denied) {
    tables::deny(rules, work.query.name, match, answer);
  } else if (type == kTypeAxfr || type == kTypeIxfr) {
    if (!reply(lcore, packet, traits, Rcode::refused, ExtendedError::not_authoritative)) return discarded();
    return QueryOutcome::refused_local;
  } else {
    tables::answer_from_records(rules, work.query.name, match, work.group, type, lcore.rotation++, answer);
    if (answer.is_left_out) {
      if (!reply(lcore, packet, traits, Rcode::refused, ExtendedError::prohibited)) return discarded();
      return QueryOutcome::refused_view;
    }
    const bool recurses = (traits.flags & dns::kFlagRecursionDesired) != 0;
    if (answer.leads_to != config::kNoRule && recurses && !answer.body.full()) {
      const config::ImagePool& pool = rules.pool(rules.rule(answer.leads_to).pool);
      if (endpoint_at(lcore, pool, packet.source, packet.family) == kNoEndpoint)
        return forward_end(lcore, work, answer.leads_to, answer);
    }
  }
  if (answer.answers == 0)
    if (const auto outcome = limit_negative(lcore, work, rule.identity)) return *outcome;
  const unsigned length = tables::write_answer({packet.dns, room}, traits, answer);
  if (!send_answer(lcore, packet, traits, length)) return discarded();
  return outcome_of(static_cast<Action>(rule.action));
}

}  // namespace penstock::path
