// dataplane/state/question_key.h - what must be equal for two queries to have one answer: the key of joining and of remembering.
//
// One place for both, so that neither ever gives a client what the rules meant for another question. The winning rule stands
// for its pool and view, and its generation for the rules as they were. The name is compared beside it, folded
// (dns::folds_to); nothing is ever equal by its hash alone.
#pragma once

#include <cstring>

#include "config/contract/indices/index.h"
#include "config/contract/suffix_hash.h"
#include "dataplane/dns/message.h"
#include "dataplane/state/keyed_hash.h"

namespace penstock::state {

struct QuestionKey {
  uint64_t generation = 0;  // of the rules
  config::RuleIndex rule{};
  uint16_t type = 0;
  uint16_t query_class = 0;
  uint8_t bits = 0;  // of query_bits(): what else changes the answer
  uint8_t name_length = 0;
  uint8_t client_class = 0;  // tables::Ruleset::class_of(): whom names behind the answer's CNAMEs may be for

  bool operator==(const QuestionKey&) const = default;
};

// RD and CD of the header, and DO. An OPT and AD change only the form in which a client gets the answer.
inline uint8_t query_bits(const dns::QueryTraits& traits) {
  constexpr unsigned kRecursionDesired = 1;
  constexpr unsigned kCheckingDisabled = 2;
  constexpr unsigned kDnssecOk = 8;
  unsigned bits = 0;
  if ((traits.flags & dns::kFlagRecursionDesired) != 0) bits |= kRecursionDesired;
  if ((traits.flags & dns::kFlagCheckingDisabled) != 0) bits |= kCheckingDisabled;
  if (traits.dnssec_ok) bits |= kDnssecOk;
  return static_cast<uint8_t>(bits);
}

// In which form a client gets it: bits.
constexpr uint8_t kWantsOpt = 1;
constexpr uint8_t kWantsAd = 2;
constexpr uint8_t kWantsNsid = 4;
inline uint8_t form_of(const dns::QueryTraits& traits) {
  const bool asks_ad = (traits.flags & dns::kFlagAuthenticData) != 0;
  return static_cast<uint8_t>((traits.has_opt ? kWantsOpt : 0) | (asks_ad ? kWantsAd : 0) |
                              (traits.wants_nsid ? kWantsNsid : 0));
}

// `message` is what `query` was read from; only for a plain query does the key say everything.
inline QuestionKey question_key(const dns::Query& query, const uint8_t* message, uint64_t generation,
                                config::RuleIndex rule, uint8_t client_class) {
  const uint8_t* behind_name = message + dns::kHeaderSize + query.name.length;
  return {.generation = generation,
          .rule = rule,
          .type = dns::load16(behind_name),
          .query_class = dns::load16(behind_name + 2),
          .bits = query_bits(query.traits),
          .name_length = query.name.length,
          .client_class = client_class};
}

// Of all of the key but rule and generation, which are not known yet when a burst fetches what it will look at.
// Joining takes narrow_hash() of it.
inline uint64_t hash_question(uint64_t key, const dns::Query& query, const uint8_t* message) {
  uint32_t type_and_class = 0;
  std::memcpy(&type_and_class, message + dns::kHeaderSize + query.name.length, 4);
  const uint64_t mixed = config::fold_multiply(key ^ type_and_class, 0x9e3779b97f4a7c15ULL ^ query_bits(query.traits));
  return wide_hash_octets(mixed, query.name.bytes, query.name.length);
}

}  // namespace penstock::state
