// config/contract/decisions/decision.h - what became of one query: who asked, what, how it was answered, and how long that took.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "config/contract/indices/index.h"

namespace penstock::config {

// Which list of outcomes (config/contract/counters.h) says how the query ended.
enum class DecidedBy : uint8_t {
  query,     // QueryOutcome: at once, by us or from the answer cache
  response,  // ResponseOutcome: the client whose query was sent to an endpoint
  sweep,     // SweepOutcome: the same, without a response in time
  waiter,    // WaiterOutcome: a client that had joined such a query
};
constexpr size_t kDecidedBy = 1 + static_cast<size_t>(DecidedBy::waiter);  // the last

// Bits of Decision::traits.
constexpr uint8_t kDecisionIpv6 = 1;
constexpr uint8_t kDecisionTcp = 2;
constexpr uint8_t kDecisionTruncated = 4;  // the answer has TC
constexpr uint8_t kDecisionRecursionDesired = 8;
constexpr uint8_t kDecisionCheckingDisabled = 16;
constexpr uint8_t kDecisionDnssecOk = 32;
constexpr uint8_t kDecisionOpt = 64;  // the query has an OPT

constexpr uint8_t kNotAnswered = 0xff;         // in the place of an rcode
constexpr uint16_t kNoExtendedError = 0xffff;  // codes of IANA's registry are smaller
constexpr uint16_t kNoDecisionRule = 0xffff;

// Numbers in host order.
struct Decision {
  uint64_t at = 0;                   // ns of the lcores' clock: when the query ended
  std::array<uint8_t, 16> client{};  // network order, IPv4 in the first four
  uint32_t took_us = 0;              // from the query's arrival; 0: in the turn in which it came
  uint32_t generation = 0;           // low half, of the rules that `rule` counts in
  uint16_t client_port = 0;
  uint16_t id = 0;
  uint16_t type = 0;
  uint16_t query_class = 0;
  uint16_t rule = kNoDecisionRule;
  EndpointSlot endpoint_slot = kNoEndpointSlot;  // that answered, or was asked last
  uint16_t size = 0;                             // octets of the answer
  uint16_t extended_error = kNoExtendedError;    // the first, where the answer has no records
  uint8_t rcode = kNotAnswered;                  // of the header
  DecidedBy by = DecidedBy::query;
  uint8_t outcome = 0;      // a value of that list
  uint8_t sends = 0;        // to endpoints
  uint8_t traits = 0;       // kDecision... bits
  uint8_t name_length = 0;  // octets on the wire, the root's included; 0: it has no name that could be read
};
static_assert(sizeof(Decision) == 56);

}  // namespace penstock::config
