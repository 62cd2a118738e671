// config/contract/inquiry/question.h - what becomes of one question: control asks what would be sent, and what the guard says of an answer. The
// dataplane answers from the rules that forward, by the code that forwards: control has no second opinion.
#pragma once

#include <array>
#include <cstdint>

#include "config/contract/link.h"

namespace penstock::config {

// "What would endpoints get for this question?", of a client with EDNS and no option.
struct Compose {
  MessageType type = MessageType::compose;
  uint8_t name_length = 0;
  std::array<char, kMaxNameLength> name{};  // folded wire form
  uint8_t family = 0;                       // of the client; 0: one of no group
  std::array<uint8_t, 16> client{};
  uint16_t record_type = 0;
};
struct Composed {
  MessageType type = MessageType::composed;
  RuleIndex rule{};         // kNoRule: nothing is sent
  uint64_t generation = 0;  // 0: there are no rules
  uint64_t identity = 0;    // of the rule
  uint16_t length = 0;
  std::array<uint8_t, 382> message{};  // with id 0
};

// "What does the guard say of this answer to that question?" The answer follows. The client as in Compose.
struct Judge {
  MessageType type = MessageType::judge;
  uint8_t name_length = 0;
  std::array<char, kMaxNameLength> name{};
  uint8_t family = 0;
  std::array<uint8_t, 16> client{};
  uint16_t record_type = 0;
};

// What the guard finds in an answer, and what the client gets for it.
enum class GuardFinding : uint8_t {
  passed,            // the answer
  not_forwarded,     // nothing: by the rules in force the question is not forwarded
  other_question,    // nothing: it is not an answer to the question
  leak,              // SERVFAIL (EDE 17), or the answer where the rule says on_leak: alarm
  leak_by_chain,     // the same: a chain leads out of the private zones and has no address at its end
  withheld,          // NODATA (EDE 17): all its addresses are of a family of which `expect` has no network
  partly_withheld,   // the answer section alone
  unreadable,        // SERVFAIL: a record of the private name cannot be read
  chain_unreadable,  // SERVFAIL, or TC when the answer was cut: a chain cannot be followed to its end
  chain_hidden,      // SERVFAIL: a chain leads into a private zone that is not for this client
  chain_followed,    // the chain, completed by the private zone's own pool or records; else SERVFAIL
  chain_alarmed,     // the answer: the zone that the chain leads into says cname: alarm
};
struct Judged {
  MessageType type = MessageType::judged;
  GuardFinding finding = GuardFinding::passed;
  uint8_t alarm = 0;   // 1: of a leak; the rule says on_leak: alarm
  uint8_t family = 0;  // of the address; 0: there is none
  uint8_t reserved = 0;
  std::array<uint8_t, 16> address{};  // that gives the name away
  RuleIndex rule{};                   // whose names are given away or led into; kNoRule: none
  uint32_t reserved2 = 0;
  uint64_t generation = 0;
};

}  // namespace penstock::config
