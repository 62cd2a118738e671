// control/queries/rule_answers.h - how often a rule's queries got which rcode.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
#include <string>

namespace penstock::control {

// The rcodes that are counted apart; `none` is no answer.
constexpr const char* kCountedRcodes[] = {"NOERROR", "SERVFAIL", "NXDOMAIN", "REFUSED", "other", "none"};

struct RuleAnswers {
  std::string rule;  // Rule::origin, "other", or "none"
  std::string zone;  // the first name of the rule; empty: the default, a rule of a file of names, and the two words
  std::array<uint64_t, std::size(kCountedRcodes)> rcodes{};
};

}  // namespace penstock::control
