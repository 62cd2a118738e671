#include "dataplane/path/guard/guard.h"

#include <cstring>

#include "config/contract/enums.h"
#include "dataplane/dns/answer.h"
#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/guard/chain.h"
#include "dataplane/path/guard/chase.h"
#include "dataplane/path/guard/decide.h"
#include "dataplane/path/guard/leak.h"
#include "dataplane/path/tell.h"
#include "dataplane/tables/local_answer.h"

namespace penstock::path {
namespace {

using config::EventKind;
using config::GuardOutcome;
using dns::ExtendedError;

// Who answered whom: what an event says beside its kind.
struct Answered {
  const Flight& flight;
  config::EndpointSlot endpoint_slot;
  Packet& packet;
  Asked asked;
  uint16_t group;  // of the first client, as far as views care
  state::Lcore& lcore = flight.lcore;
  const state::PendingSlot& slot = flight.slot;
  const state::PendingQuery& query = flight.query;

  std::span<const uint8_t> message() const { return {packet.dns, packet.dns_length}; }
  bool is_of_rules_before() const { return query.key.generation != lcore.rules->header().generation; }
};

void tell(const Answered& answered, EventKind kind, config::RuleIndex rule, bool blocked, const Leak& leak) {
  dns::FoldedName name;
  if (!dns::parse_name({answered.query.question(), answered.slot.question_length}, name)) return;
  config::Event event;
  event.kind = kind;
  event.family = leak.family;
  event.endpoint_slot = answered.endpoint_slot;
  event.rule = rule.value();
  event.address = leak.address;
  event.type = question_type(answered.query.message.data(), answered.slot.question_length);
  event.blocked = blocked ? 1 : 0;
  path::tell(answered.lcore, event, name);
}

// The answer becomes SERVFAIL, or another one without records, to the client's question, in its own place.
Verdict block(const Answered& answered, ExtendedError error, dns::Rcode rcode = dns::Rcode::servfail) {
  Packet& packet = answered.packet;
  dns::QueryTraits traits = answered.query.traits;
  const std::span<uint8_t> room = room_of(packet);
  if (room.size() < dns::kHeaderSize + traits.question_length) return Verdict::no_room;
  if (room.size() < dns::kHeaderSize + traits.question_length + dns::kAnswerTail) traits.has_opt = false;
  std::memcpy(packet.dns + dns::kHeaderSize, answered.query.question(), traits.question_length);
  packet.dns_length = static_cast<uint16_t>(dns::write_answer(room, traits, rcode, error));
  return Verdict::blocked;
}

// An answer without what stood behind its answer section, of which only addresses were withheld.
Verdict keep_answers(const Answered& answered) {
  Packet& packet = answered.packet;
  dns::Records records(answered.message(), dns::kHeaderSize + answered.asked.question_length);
  dns::Record record;
  unsigned end = dns::kHeaderSize + answered.asked.question_length;
  while (records.next(record) && record.section == dns::RecordSection::answer) end = record.data + record.data_length;
  dns::store16(packet.dns + 8, 0);
  dns::store16(packet.dns + 10, 0);
  constexpr uint8_t kError[] = {0, dns::kOptionExtendedError, 0, 2, 0, static_cast<uint8_t>(ExtendedError::filtered)};
  const unsigned length = dns::add_opt(room_of(packet), end, answered.query.traits, 0, kError);
  packet.dns_length = static_cast<uint16_t>(length == 0 ? end : length);
  return Verdict::passed;
}

// Addresses of a family that the rule says nothing of. A failure would take those of the other family from clients that ask for
// both: there are none, they hear.
Verdict withhold(const Answered& answered, config::RuleIndex number, const Leak& leak) {
  answered.lcore.counters.guard[GuardOutcome::withheld].add(1);
  tell(answered, EventKind::withheld, number, true, leak);
  if (leak.kind == LeakKind::withheld) return block(answered, ExtendedError::filtered, dns::Rcode::noerror);
  // A signed answer cannot be cut.
  return answered.slot.opaque ? block(answered, ExtendedError::filtered) : keep_answers(answered);
}

// What stands behind a link into a private zone that is not for this client.
Verdict hide(const Answered& answered, config::RuleIndex number) {
  answered.lcore.counters.guard[GuardOutcome::chain_cut].add(1);
  tell(answered, EventKind::chain_into_private, number, true, {});
  return block(answered, ExtendedError::prohibited);
}

// Where the records lead cannot be read: nobody knows whether that is private.
Verdict stop(const Answered& answered, config::RuleIndex number, GuardOutcome outcome) {
  answered.lcore.counters.guard[outcome].add(1);
  tell(answered, EventKind::unreadable, number, true, {});
  return block(answered, ExtendedError::invalid_data);
}

// Does the chain of the message, an answer to the client's own question, pass names whose rule depends on who asks? One that
// cannot be read to its end may.
bool passes_views(const Answered& answered) {
  const tables::Ruleset& rules = *answered.lcore.rules;
  Chain chain(answered.message(), answered.slot.question_length);
  Chain::Step step = Chain::Step::link;
  for (; step == Chain::Step::link; step = chain.next())
    if ((chain.links() != 0 || answered.is_of_rules_before()) && rules.depends_on_client(chain.name())) return true;
  return step == Chain::Step::unreadable;
}

Judgement clean(Verdict verdict) {
  return {verdict, true};
}
Judgement alarmed(Verdict verdict) {
  return {verdict, false};
}

// Addresses outside, or a chain that leads out.
Judgement act_on_leak(const Answered& answered, const Decision& decision, const Leak& leak) {
  const bool alarm = decision.trait == Trait::leak_alarmed;
  answered.lcore.counters.guard[alarm ? GuardOutcome::alarmed : GuardOutcome::blocked].add(1);
  tell(answered, EventKind::leak, decision.rule, !alarm, leak);
  return alarmed(alarm ? Verdict::passed : block(answered, ExtendedError::filtered));
}

// The chain of an answer to a name that is not private cannot be followed to its end. Where the answer is cut short anyhow the client
// asks again over TCP, and needs none of it.
Verdict stop_chain(const Answered& answered, config::RuleIndex number) {
  Packet& packet = answered.packet;
  if ((dns::flags_of(packet.dns) & dns::kFlagTruncated) == 0 || answered.slot.opaque)
    return stop(answered, number, GuardOutcome::chain_unreadable);
  if (answered.query.chase != state::ChasePool::kNone) return Verdict::passed;  // finish_chase() cuts it down
  const std::span<uint8_t> room = room_of(packet);
  const dns::QueryTraits& traits = answered.query.traits;
  if (room.size() < dns::kHeaderSize + traits.question_length + dns::kAnswerTail) return Verdict::no_room;
  packet.dns_length = static_cast<uint16_t>(dns::truncate_answer(room, answered.query.question(), traits));
  return Verdict::passed;
}

// The chain enters the private zone of rule `number` at its `links`th link: it ends there, or goes on in the zone's own pool or records.
Verdict cut_chain(const Answered& answered, config::RuleIndex number, unsigned links) {
  const config::ImageRule& rule = answered.lcore.rules->rule(number);
  answered.lcore.counters.guard[GuardOutcome::chain_cut].add(1);
  tell(answered, EventKind::chain_into_private, number, true, {});
  // A signed answer cannot be put together anew.
  if (answered.slot.opaque) return block(answered, ExtendedError::filtered);
  if (static_cast<config::Action>(rule.action) != config::Action::forward) {
    const bool completed = tables::has_local_records(rule) &&
                           chase_locally(answered.flight, links, answered.group, answered.packet) == Finish::done;
    return completed ? Verdict::passed : block(answered, ExtendedError::filtered);
  }
  if (!start_chase(answered.flight, rule, links, answered.packet)) return block(answered, ExtendedError::filtered);
  state::Endpoints& endpoints = answered.lcore.endpoints;
  endpoints.retry_budget.count_query(endpoints.hops.owner_of(answered.lcore.rules->pool(rule.pool)),
                                     answered.lcore.now);
  return Verdict::chased;
}

Judgement act(const Answered& answered, const Decision& decision, const Leak& leak) {
  switch (decision.trait) {
    case Trait::none:
      break;
    case Trait::leak:
    case Trait::leak_alarmed:
      return act_on_leak(answered, decision, leak);
    case Trait::withheld:
      return alarmed(withhold(answered, decision.rule, leak));
    case Trait::unreadable:
      return clean(stop(answered, decision.rule, GuardOutcome::unreadable));
    case Trait::chain_unreadable:
      return clean(stop_chain(answered, decision.rule));
    case Trait::chain_hidden:
      return clean(hide(answered, decision.rule));
    case Trait::chain_cut:
      return clean(cut_chain(answered, decision.rule, decision.links));
    case Trait::chain_alarmed:
      answered.lcore.counters.guard[GuardOutcome::chain_alarmed].add(1);
      tell(answered, EventKind::chain_into_private, decision.rule, false, {});
      return alarmed(Verdict::passed);
  }
  return clean(Verdict::passed);
}

// The rule of what was asked, by the rules in force; nullptr: they do not forward it any more.
const config::ImageRule* rule_of(const Answered& answered, config::RuleIndex& number) {
  const tables::Ruleset& rules = *answered.lcore.rules;
  const state::QuestionKey& key = answered.query.key;
  if (answered.query.chase == state::ChasePool::kNone) {
    number = key.rule;
    if (const config::ImageRule* rule = rules.kept_rule(key.generation, number)) return rule;
  }
  dns::FoldedName name;
  if (!dns::parse_name({answered.asked.question(), answered.asked.question_length}, name)) return nullptr;
  return rules.forwarding_rule(name, answered.group, number);
}

// What is good for this client may not be so for those of other groups: it is not remembered, and those who joined when there
// were other rules may be of any.
Judgement keep_apart(const Answered& answered, const Judgement& so_far) {
  const tables::Ruleset* rules = answered.lcore.rules;
  if (rules == nullptr || !rules->has_views() || !rules->has_private() || !passes_views(answered)) return so_far;
  return alarmed(answered.is_of_rules_before() && answered.slot.waiters != 0 ? block(answered, ExtendedError::other)
                                                                             : so_far.verdict);
}

Verdict finish(const Answered& answered) {
  switch (finish_chase(answered.flight, answered.packet)) {
    case Finish::done:
      return Verdict::passed;
    case Finish::failed:
      return block(answered, ExtendedError::no_reachable_authority);
    case Finish::unreadable:
      answered.lcore.counters.guard[GuardOutcome::unreadable].add(1);
      break;
  }
  return block(answered, ExtendedError::invalid_data);
}

}  // namespace

Judgement guard(const Flight& flight, config::EndpointSlot endpoint_slot, Packet& packet) {
  if ((flight.query.traits.flags & dns::kOpcodeMask) != 0) return clean(Verdict::passed);  // it has no answers
  const tables::Ruleset* rules = flight.lcore.rules;
  const uint16_t group =
      rules == nullptr ? uint16_t{0} : rules->viewing_group(flight.slot.client.data(), flight.slot.client_family);
  const Answered answered{flight, endpoint_slot, packet, flight.asked(), group};
  const bool is_chased = flight.query.chase != state::ChasePool::kNone;
  Judgement judgement = clean(Verdict::passed);
  if (rules != nullptr && rules->has_private()) {
    config::RuleIndex number = config::kNoRule;
    const config::ImageRule* rule = rule_of(answered, number);
    const Reply reply{*rules, rule, number, group, answered.message(), answered.asked.question_length};
    Leak leak;
    const Decision decision = decide(reply, leak);
    if (decision.trait != Trait::none)
      judgement = act(answered, decision, leak);
    else if (reply.is_private())
      answered.lcore.counters.guard[GuardOutcome::passed].add(1);
  }
  if (is_chased && judgement.verdict == Verdict::passed) judgement.verdict = finish(answered);
  return judgement.verdict == Verdict::passed ? keep_apart(answered, judgement) : judgement;
}

}  // namespace penstock::path
