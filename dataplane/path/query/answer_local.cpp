#include "dataplane/path/query/answer_local.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "config/contract/enums.h"
#include "dataplane/dns/transfer.h"
#include "dataplane/path/answer/end.h"
#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/start.h"
#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/guard/chase.h"
#include "dataplane/path/limits/admit.h"
#include "dataplane/path/limits/limit.h"
#include "dataplane/tables/local_answer.h"

namespace penstock::path {
namespace {

using config::Action;
using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;
using tables::LocalAnswer;
using tables::Match;

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

// The chain leads to a name of `number`, a rule that forwards: its end is asked of the rule's pool, as that of a chain from
// elsewhere into a private zone is (path/guard/chase.h). Not shared and not remembered: what is here may change with the next rules.
QueryOutcome forward_end(state::Lcore& lcore, QueryWork& work, config::RuleIndex number, const LocalAnswer& answer) {
  const config::ImageRule& rule = lcore.rules->rule(number);
  const config::ImagePool& pool = lcore.rules->pool(rule.pool);
  const dns::QueryTraits& traits = work.query.traits;
  work.query.plain = false;
  prepare_join(lcore, work);
  const state::QuestionKey key = state::question_key(work.query, work.packet.dns, lcore.rules->header().generation,
                                                     number, lcore.rules->class_of(work.group));
  if (const auto outcome = join(lcore, work, key, pool)) return leave(lcore, work, *outcome);
  if (!admit(lcore, pool, sharer_of(work), work.weight))
    return end(lcore, work, Rcode::servfail, ExtendedError::over_share, QueryOutcome::servfail_over_share);

  const uint16_t id = dns::id_of(work.packet.dns);
  const Started started = start(lcore, work, key, pool, [&](const Flight& flight) {
    Packet chain = work.packet;
    dns::QueryTraits without_opt = traits;
    without_opt.has_opt = false;
    chain.dns_length = static_cast<uint16_t>(tables::write_answer(room_of(chain), without_opt, answer));
    if (start_chase(flight, rule, answer.links, chain)) return true;
    std::memcpy(work.packet.dns + dns::kHeaderSize, flight.query.question(), traits.question_length);
    dns::store16(work.packet.dns, id);
    return false;
  });
  return started == Started::unsent ? end(lcore, work, Obstacle::unreachable) : end(lcore, work, started);
}

// Room for records behind question and OPT; nothing: there is not even room for these.
std::optional<unsigned> room_for_records(const QueryWork& work, ExtendedError error) {
  const dns::QueryTraits& traits = work.query.traits;
  const unsigned least =
      dns::kHeaderSize + traits.question_length + (traits.has_opt ? dns::answer_tail(traits, error) : 0);
  const auto most = std::min<size_t>({traits.udp_size, tables::kLongestLocalAnswer, room_of(work.packet).size()});
  if (most < least) return std::nullopt;
  return static_cast<unsigned>(most) - least;
}

// Records of the rules for the question, or what the chain of CNAMEs there leads to. Nothing: `answer` is the answer.
std::optional<QueryOutcome> find_records(state::Lcore& lcore, QueryWork& work, const Match& match,
                                         LocalAnswer& answer) {
  const tables::Ruleset& rules = *lcore.rules;
  const Packet& packet = work.packet;
  const uint16_t type = dns::load16(packet.dns + dns::kHeaderSize + work.query.traits.question_length - 4);
  if (type == dns::kTypeAxfr || type == dns::kTypeIxfr)
    return end(lcore, work, Rcode::refused, ExtendedError::not_authoritative, QueryOutcome::refused_local);
  tables::answer_from_records(rules, {work.query.name, match, work.group, type, lcore.memory.rotation++}, answer);
  if (answer.is_left_out)
    return end(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_view);
  const bool recurses = (work.query.traits.flags & dns::kFlagRecursionDesired) != 0;
  if (answer.leads_to == config::kNoRule || !recurses || answer.body.full()) return std::nullopt;
  const config::ImagePool& pool = rules.pool(rules.rule(answer.leads_to).pool);
  if (endpoint_at(lcore, pool, packet.source, packet.family) != kNoEndpoint) return std::nullopt;
  return forward_end(lcore, work, answer.leads_to, answer);
}

}  // namespace

QueryOutcome answer_local(state::Lcore& lcore, QueryWork& work, const Match& match) {
  const tables::Ruleset& rules = *lcore.rules;
  const config::ImageRule& rule = rules.rule(match.rule);
  const bool is_denied = !tables::has_local_records(rule);
  const auto error =
      is_denied ? static_cast<ExtendedError>(rules.local().zone(rule.local_zone()).error) : ExtendedError::none;
  const std::optional<unsigned> most = room_for_records(work, error);
  if (!most) return ignore(lcore, work, QueryOutcome::ignored_no_room);

  LocalAnswer answer{tables::LocalBody(dns::kHeaderSize + work.query.traits.question_length, *most)};
  answer.error = error;
  if (is_denied)
    tables::deny(rules, work.query.name, match, answer);
  else if (const auto outcome = find_records(lcore, work, match, answer))
    return *outcome;
  if (answer.answers == 0)
    if (const auto outcome = limit_negative(lcore, work, rule.identity)) return *outcome;
  const unsigned length = tables::write_answer(room_of(work.packet), work.query.traits, answer);
  return end_with(lcore, work, length, outcome_of(static_cast<Action>(rule.action)));
}

}  // namespace penstock::path
