// dataplane/inquiry/question.h - a question of control, and what the rules in force say of it.
#pragma once

#include <cstdint>
#include <span>

#include "config/contract/inquiry/question.h"
#include "dataplane/dns/name.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::inquiry {

struct Question {
  dns::FoldedName name{};
  uint16_t group = 0;
  config::RuleIndex number = config::kNoRule;
  const config::ImageRule* rule = nullptr;  // that forwards it for the client; nullptr: none does
};

// Compose and Judge name their question alike.
template <typename Request>
Question question_of(const Request& request, const tables::Ruleset* rules) {
  Question question;
  const auto* octets = reinterpret_cast<const uint8_t*>(request.name.data());
  if (rules == nullptr || !dns::parse_name({octets, request.name_length}, question.name)) return question;
  const tables::ClientEntry client = rules->clients().look_up(request.client.data(), request.family);
  if (request.family != 0 && !client.allowed) return question;
  question.group = client.group;
  question.rule = rules->forwarding_rule(question.name, question.group, question.number);
  return question;
}

}  // namespace penstock::inquiry
