#include "dataplane/path/query/query.h"

#include <optional>

#include "config/contract/enums.h"
#include "dataplane/path/answer/end.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/join.h"
#include "dataplane/path/limits/cookie.h"
#include "dataplane/path/limits/limit.h"
#include "dataplane/path/memory/recall.h"
#include "dataplane/path/query/answer_local.h"
#include "dataplane/path/query/forward.h"
#include "dataplane/path/query/identity.h"
#include "dataplane/path/query/loop.h"
#include "dataplane/path/query/transfer.h"
#include "dataplane/path/query/update.h"

namespace penstock::path {
namespace {

using config::QueryOutcome;
using dns::ExtendedError;
using dns::Rcode;

// Nothing: it is of any class, which is IN as well.
std::optional<QueryOutcome> answer_other_class(state::Lcore& lcore, const QueryWork& work,
                                               const state::QuestionKey& asked) {
  const bool is_any = asked.query_class == dns::kClassAny;
  if (is_any && !is_own_name(work.query.name)) return std::nullopt;
  if (is_any || asked.query_class == dns::kClassChaos)
    if (const std::span<const uint8_t> own = own_text(lcore.host, work.query.name, asked.type); !own.empty())
      return answer_own(lcore, work, own);
  return end(lcore, work, Rcode::refused, ExtendedError::not_authoritative, QueryOutcome::refused_class);
}

// Whoever does not wants to know what others have asked, or takes us for a server of the zone.
bool wants_recursion(const QueryWork& work, const tables::ClientEntry& client) {
  return (work.query.traits.flags & dns::kFlagRecursionDesired) != 0 || client.may_snoop;
}

void probe_zones(const state::Lcore& lcore, QueryWork& work) {
  lcore.rules->zones().prepare(work.query.name, work.probe);
  work.is_probed = true;
}

using Ended = std::optional<QueryOutcome>;  // nothing: the query goes on

// Bytes that no answer is owed to.
Ended drop_what_is_no_query(state::Lcore& lcore, const QueryWork& work) {
  if (lcore.rules == nullptr) return ignore(lcore, work, QueryOutcome::ignored_no_rules);
  if (work.verdict == dns::QueryVerdict::too_short) return ignore(lcore, work, QueryOutcome::ignored_short);
  if (work.verdict == dns::QueryVerdict::response) return ignore(lcore, work, QueryOutcome::ignored_response);
  return std::nullopt;
}

QueryOutcome refuse_client(state::Lcore& lcore, QueryWork& work) {
  const Packet& packet = work.packet;
  work.response_rate = response_rate_of(lcore, work);
  work.query.traits.wants_nsid = false;  // who may not ask does not hear who we are
  if (!came_over_tcp(lcore, packet)) lcore.clients.turned_away.note(packet.source, packet.family, 0, lcore.now);
  if (lcore.rules->header().refused_silent != 0) return ignore(lcore, work, QueryOutcome::ignored_client);
  return end(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_client);
}

// May the client ask, and is it, or its group, within its rates?
Ended admit_client(state::Lcore& lcore, QueryWork& work, const tables::ClientEntry& client) {
  work.response_rate = 0;
  if (!client.allowed) return refuse_client(lcore, work);
  work.weight = lcore.rules->groups()[client.group].weight;
  work.group = client.group;
  return lcore.rules->has_limits() ? limit(lcore, work, client) : std::nullopt;
}

// Opcodes and messages that we do not know.
Ended end_what_is_unread(state::Lcore& lcore, QueryWork& work) {
  const bool is_update = (work.query.traits.flags & dns::kOpcodeMask) != 0;
  const bool is_nowhere = is_update && lcore.rules->header().update_pool == config::kNoPool;
  if (work.verdict == dns::QueryVerdict::not_query || is_nowhere)
    return end_unread(lcore, work, Rcode::notimp, QueryOutcome::notimp);
  if (work.verdict == dns::QueryVerdict::malformed)
    return end_unread(lcore, work, Rcode::formerr, QueryOutcome::formerr);
  return std::nullopt;
}

// What the client said in its OPT, and messages that are more, or less, than a question.
Ended answer_protocol(state::Lcore& lcore, QueryWork& work) {
  dns::QueryTraits& traits = work.query.traits;
  traits.udp_size = client_size(lcore.host, work.packet, traits.udp_size, lcore.rules->groups()[work.group]);
  if (work.query.wants_keepalive && traits.udp_size == kStreamSize) traits.keepalive = lcore.host.tcp_keepalive;
  if (work.verdict == dns::QueryVerdict::update) return handle_update(lcore, work);
  if (work.verdict == dns::QueryVerdict::bad_version)
    return end(lcore, work, Rcode::badvers, ExtendedError::none, QueryOutcome::badvers);
  if (work.verdict == dns::QueryVerdict::cookie_only) {
    // RFC 7873 section 5.4.
    const bool is_bad = work.query.cookie_length > dns::kClientCookieSize && !work.has_good_cookie;
    return end(lcore, work, is_bad ? Rcode::badcookie : Rcode::noerror, ExtendedError::none,
               QueryOutcome::answered_cookie);
  }
  if (const auto pool = loop_probe(lcore, work.query)) {
    report_loop(lcore, {config::EventKind::loop_probe, pool->value(), config::kNoEndpointSlot, true}, work);
    return end(lcore, work, Rcode::refused, ExtendedError::loop, QueryOutcome::refused_loop_probe);
  }
  return std::nullopt;
}

// The question's place in the answer cache, under no rule yet.
state::CacheKey key_of(const state::Lcore& lcore, const QueryWork& work) {
  const tables::Ruleset& rules = *lcore.rules;
  return {.hash = work.question_hash,
          .identity = 0,
          .name = work.query.name.bytes,
          .question = state::question_key(work.query, work.packet.dns, rules.header().generation, config::kNoRule,
                                          rules.class_of(work.group))};
}

// A name that no rule forwards for this client.
Ended answer_by_rule(state::Lcore& lcore, QueryWork& work, const tables::Match& match) {
  if (match.rule == config::kNoRule)
    return end(lcore, work, Rcode::refused, ExtendedError::not_authoritative, QueryOutcome::refused_no_rule);
  if (match.is_left_out) return end(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_view);
  switch (static_cast<config::Action>(lcore.rules->rule(match.rule).action)) {
    case config::Action::forward:
      break;
    case config::Action::nxdomain:
    case config::Action::nodata:
    case config::Action::records:
    case config::Action::addresses:
      return answer_local(lcore, work, match);
    case config::Action::refused:
      return end(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_by_rule);
  }
  return std::nullopt;
}

// Zone transfers, and messages that are one server's and one client's matter.
Ended pass_opaque(state::Lcore& lcore, QueryWork& work, const tables::Match& match) {
  if (is_transfer(work)) {
    if (const auto outcome = pass_transfer(lcore, work, match)) return *outcome;
    return end(lcore, work, Rcode::refused, ExtendedError::prohibited, QueryOutcome::refused_transfer);
  }
  if (work.query.opaque) return pass_query(lcore, work, match.rule);
  return std::nullopt;
}

// What is said of the query when it is over, and its frame is gone.
void describe(QueryWork& work) {
  work.rule = config::kNoRule;
  work.id = work.packet.dns_length >= dns::kHeaderSize ? dns::id_of(work.packet.dns) : uint16_t{0};
  if (!work.has_question()) return;
  const uint8_t* behind_name = work.packet.dns + dns::kHeaderSize + work.query.name.length;
  work.type = dns::load16(behind_name);
  work.query_class = dns::load16(behind_name + 2);
}

QueryOutcome recall_or_forward(state::Lcore& lcore, QueryWork& work, state::CacheKey& key) {
  const config::ImageRule& rule = lcore.rules->rule(key.question.rule);
  const config::ImagePool& pool = lcore.rules->pool(rule.pool);
  key.identity = rule.identity;
  if (work.is_likely && work.query.plain && is_remembered(rule, pool))
    if (const Ended ended = recall(lcore, work, key, pool)) return *ended;
  return forward(lcore, work, key.question, pool);
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
  describe(work);
  if (work.verdict != dns::QueryVerdict::ok || lcore.rules == nullptr) return;
  if (over_tcp) work.query.traits.udp_size = kStreamSize;
  prepare_join(lcore, work);
  lcore.memory.answers.prefetch(work.question_hash);
}

void narrow_query(const state::Lcore& lcore, QueryWork& work) {
  if (work.verdict != dns::QueryVerdict::ok) return;
  work.is_likely = lcore.memory.answers.prefetch_entry(work.question_hash);
  if (!work.is_likely) probe_zones(lcore, work);
}

void narrow_zones(const state::Lcore& lcore, QueryWork& work) {
  if (work.is_probed) lcore.rules->zones().narrow(work.probe);
}

QueryOutcome handle_query(state::Lcore& lcore, QueryWork& work) {
  if (const Ended ended = drop_what_is_no_query(lcore, work)) return *ended;
  if (work.query.cookie_length != 0) read_cookie(lcore, work);
  const tables::Ruleset& rules = *lcore.rules;
  const tables::ClientEntry client = rules.clients().look_up(work.packet.source.data(), work.packet.family);
  if (const Ended ended = admit_client(lcore, work, client)) return *ended;
  if (const Ended ended = end_what_is_unread(lcore, work)) return *ended;
  if (const Ended ended = answer_protocol(lcore, work)) return *ended;

  work.has_stale = false;
  work.tries = false;
  state::CacheKey key = key_of(lcore, work);
  if (work.is_likely && wants_recursion(work, client))
    if (const Ended ended = recall_by_generation(lcore, work, key)) {
      work.rule = key.question.rule;
      return *ended;
    }
  // Zones and endpoints are of class IN, and nothing of another one goes to them.
  if (key.question.query_class != dns::kClassIn)
    if (const Ended ended = answer_other_class(lcore, work, key.question)) return *ended;

  if (!work.is_probed) probe_zones(lcore, work);
  const tables::Match match = rules.match(work.query.name, work.probe, client.group);
  work.rule = match.rule;
  if (const Ended ended = answer_by_rule(lcore, work, match)) return *ended;
  if (const Ended ended = pass_opaque(lcore, work, match)) return *ended;
  if (!wants_recursion(work, client))
    return end(lcore, work, Rcode::refused, ExtendedError::not_authoritative, QueryOutcome::refused_snoop);

  key.question.rule = match.rule;
  return recall_or_forward(lcore, work, key);
}

}  // namespace penstock::path
