// dataplane/path/guard/decide.h - what an endpoint's answer gives away, by the rules in force. Pure: the guard acts on it, and penstockctl explain
// --send shows it, so that nobody ever judges an answer twice.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/path/guard/leak.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::path {

// An answer, and what it answers.
struct Reply {
  const tables::Ruleset& rules;
  const config::ImageRule* rule;  // of the question; nullptr: it is not forwarded any more
  config::RuleIndex number;       // the rule's, or kNoRule
  uint16_t group;                 // of the client, as far as views care
  std::span<const uint8_t> message;
  unsigned question_length;  // octets of the question that it repeats

  bool is_private() const { return rule != nullptr && rule->is_private != 0; }
};

enum class Trait : uint8_t {
  none,
  leak,
  leak_alarmed,  // the rule says that clients get it all the same
  withheld,      // of an address; leak.kind says where it stands
  unreadable,
  chain_unreadable,
  chain_hidden,   // it leads into a private zone that is not for this client
  chain_cut,      // it leads into a private zone at its `links`th link
  chain_alarmed,  // the same, and the rule says that clients get it all the same
};
// Small, as it is returned for each response.
struct Decision {
  Trait trait = Trait::none;
  config::RuleIndex rule = config::kNoRule;  // whose names these are
  unsigned links = 0;
};
static_assert(sizeof(Decision) == 12);
Decision decide_with_views(const Reply& reply, Leak& leak);
Decision decide_on_leak(const Reply& reply, const Leak& leak);
Decision decide_outside(const Reply& reply);

// `leak` is written where the trait is a leak or withheld. Inlined for the usual response, which gives nothing away.
inline Decision decide(const Reply& reply, Leak& leak) {
  if (!reply.is_private()) return decide_outside(reply);
  if (reply.rules.has_views()) return decide_with_views(reply, leak);
  leak = find_leak(reply.rules, *reply.rule, reply.group, reply.message, reply.question_length);
  return leak.kind == LeakKind::none ? Decision{} : decide_on_leak(reply, leak);
}

}  // namespace penstock::path
