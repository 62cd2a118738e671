#include "dataplane/path/guard/decide.h"

#include "config/contract/enums.h"
#include "dataplane/path/guard/chain.h"

namespace penstock::path {
namespace {

// link: the chain enters a private zone that leaves the client out, the first is `number`. Otherwise as the chain ends.
Chain::Step find_hidden(const Reply& reply, config::RuleIndex& number) {
  Chain chain(reply.message, reply.question_length);
  Chain::Step step = chain.next();
  for (; step == Chain::Step::link; step = chain.next()) {
    const tables::Match match = reply.rules.match(chain.name(), reply.group);
    number = match.rule;
    if (match.is_left_out && reply.rules.rule(match.rule).is_private != 0) break;
  }
  return step;
}

Trait trait_of(const Leak& leak, const config::ImageRule& rule) {
  if (leak.kind == LeakKind::unreadable) return Trait::unreadable;
  if (static_cast<config::OnLeak>(rule.on_leak) == config::OnLeak::alarm) return Trait::leak_alarmed;
  return leak.kind == LeakKind::withheld || leak.kind == LeakKind::beside ? Trait::withheld : Trait::leak;
}

// Only the answer section, and only types: the usual answer has no chain.
bool has_chain(std::span<const uint8_t> message, unsigned begin) {
  dns::Records records(message, begin);
  dns::Record record;
  while (records.next(record) && record.section == dns::RecordSection::answer)
    if (record.type == dns::kTypeCname || record.type == dns::kTypeDname) return true;
  return false;
}

}  // namespace

Decision decide_on_leak(const Reply& reply, const Leak& leak) {
  return {.trait = trait_of(leak, *reply.rule), .rule = reply.number};
}

Decision decide_with_views(const Reply& reply, Leak& leak) {
  config::RuleIndex hidden = config::kNoRule;
  const Chain::Step step = find_hidden(reply, hidden);
  if (step == Chain::Step::link) return {.trait = Trait::chain_hidden, .rule = hidden};
  if (step == Chain::Step::unreadable) return {.trait = Trait::unreadable, .rule = reply.number};
  leak = find_leak(reply.rules, *reply.rule, reply.group, reply.message, reply.question_length);
  return leak.kind == LeakKind::none ? Decision{} : decide_on_leak(reply, leak);
}

Decision decide_outside(const Reply& reply) {
  if (!has_chain(reply.message, dns::kHeaderSize + reply.question_length)) return {};
  if (!follows_chains(question_type(reply.message.data(), reply.question_length))) return {};
  const tables::Ruleset& rules = reply.rules;
  Chain chain(reply.message, reply.question_length);
  Chain::Step step = chain.next();
  for (; step == Chain::Step::link; step = chain.next()) {
    const tables::Match match = rules.match(chain.name(), reply.group);
    if (match.rule == config::kNoRule || rules.rule(match.rule).is_private == 0) continue;
    const auto wanted = static_cast<config::CnameInto>(rules.rule(match.rule).cname);
    if (wanted == config::CnameInto::pass) continue;
    if (wanted == config::CnameInto::alarm) return {.trait = Trait::chain_alarmed, .rule = match.rule};
    return {.trait = match.is_left_out ? Trait::chain_hidden : Trait::chain_cut,
            .rule = match.rule,
            .links = chain.links()};
  }
  if (step == Chain::Step::unreadable) return {.trait = Trait::chain_unreadable, .rule = reply.number};
  return {};
}

}  // namespace penstock::path
