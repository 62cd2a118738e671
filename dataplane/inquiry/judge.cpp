#include "dataplane/inquiry/judge.h"

#include <cstring>

#include "dataplane/inquiry/question.h"
#include "dataplane/path/guard/decide.h"

namespace penstock::inquiry {
namespace {

using config::GuardFinding;

GuardFinding finding_of(const path::Decision& decision, const path::Leak& leak) {
  switch (decision.trait) {
    case path::Trait::none:
      break;
    case path::Trait::leak:
    case path::Trait::leak_alarmed:
      return leak.kind == path::LeakKind::chain ? GuardFinding::leak_by_chain : GuardFinding::leak;
    case path::Trait::withheld:
      return leak.kind == path::LeakKind::beside ? GuardFinding::partly_withheld : GuardFinding::withheld;
    case path::Trait::unreadable:
      return GuardFinding::unreadable;
    case path::Trait::chain_unreadable:
      return GuardFinding::chain_unreadable;
    case path::Trait::chain_hidden:
      return GuardFinding::chain_hidden;
    case path::Trait::chain_cut:
      return GuardFinding::chain_followed;
    case path::Trait::chain_alarmed:
      return GuardFinding::chain_alarmed;
  }
  return GuardFinding::passed;
}

// Does the message answer this very question (dataplane/path/response/validate.cpp), whatever the letters?
bool repeats_question(std::span<const uint8_t> answer, const dns::FoldedName& asked, uint16_t type) {
  dns::FoldedName name;
  if (answer.size() < dns::kHeaderSize || (dns::flags_of(answer.data()) & dns::kFlagResponse) == 0) return false;
  if (dns::qdcount_of(answer.data()) != 1 || !dns::parse_name(answer.subspan(dns::kHeaderSize), name)) return false;
  if (name.length != asked.length || std::memcmp(name.bytes, asked.bytes, asked.length) != 0) return false;
  const size_t behind = dns::kHeaderSize + size_t{name.length};
  return answer.size() >= behind + 4 && dns::load16(&answer[behind]) == type &&
         dns::load16(&answer[behind + 2]) == dns::kClassIn;
}

}  // namespace

config::Judged judge(const config::Judge& request, std::span<const uint8_t> answer, const tables::Ruleset* rules) {
  config::Judged judged;
  judged.rule = config::kNoRule;
  judged.generation = rules == nullptr ? 0 : rules->header().generation;
  const Question question = question_of(request, rules);
  if (question.rule == nullptr) {
    judged.finding = GuardFinding::not_forwarded;
    return judged;
  }
  if (answer.size() > 0xffff || !repeats_question(answer, question.name, request.record_type)) {
    judged.finding = GuardFinding::other_question;
    return judged;
  }
  if (!rules->has_private()) return judged;
  const auto length = static_cast<unsigned>(question.name.length + 4U);
  path::Leak leak;
  const path::Decision decision =
      path::decide({*rules, question.rule, question.number, question.group, answer, length}, leak);
  judged.finding = finding_of(decision, leak);
  judged.alarm = decision.trait == path::Trait::leak_alarmed ? 1 : 0;
  judged.rule = question.rule->is_private != 0 && decision.trait == path::Trait::none ? question.number : decision.rule;
  judged.family = leak.family;
  judged.address = leak.address;
  return judged;
}

}  // namespace penstock::inquiry
