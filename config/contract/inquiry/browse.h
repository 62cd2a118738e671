// config/contract/inquiry/browse.h - which answers are cached: control asks, the dataplane's main thread looks, some pages at a time.
#pragma once

#include <array>
#include <cstdint>

#include "config/contract/link.h"

namespace penstock::config {

// "Which answers are cached?": some pages of the cache a message, so that the main thread is never busy for long.
struct Browse {
  MessageType type = MessageType::browse;
  FlushScope scope = FlushScope::all;
  uint8_t name_length = 0;
  std::array<char, kMaxNameLength> name{};  // folded wire form
  uint16_t record_type = 0;                 // 0: of all types
  uint32_t page = 0;                        // the first that is looked at
};

struct Browsed {
  MessageType type = MessageType::browsed;
  uint32_t next = 0;   // the page to go on from; 0: all have been looked at
  uint32_t pages = 0;  // that the cache has
  uint32_t entries = 0;
  uint64_t generation = 0;  // of the rules in force
};

enum class CachedState : uint8_t {
  fresh,
  stale,    // its TTL is over; it is given out while no endpoint answers
  expired,  // it is not given out any more
  failure,  // there is no answer, only the failure
  unused,   // by the rules in force nobody gets it: their answers depend on other settings
};

// Follows Browsed, one an entry; behind it its name in wire form, then its records as they stand behind a question section, then octets up
// to `size`. Pointers in the records count as in a message whose question is this name's.
struct CachedAnswer {
  uint32_t size = 0;       // octets to the next one, a multiple of 8
  RuleIndex rule{};        // that gives it out, by the rules in force; kNoRule: none does any more
  uint64_t identity = 0;   // ImageRule::identity
  uint64_t age_ms = 0;     // since it was stored
  uint32_t ttl = 0;        // s, when it was stored; 0: it is a failure alone
  uint32_t max_stale = 0;  // s after its TTL for which the pool lets it be given out when asking fails
  uint64_t failed_ms = 0;  // since the endpoints failed last; valid with failures
  uint32_t pause_ms = 0;   // from then on, until they are asked again
  uint16_t record_type = 0;
  uint16_t record_class = 0;
  uint16_t flags = 0;  // of the header
  uint16_t body_length = 0;
  std::array<uint16_t, 3> counts{};  // of records, by section
  uint16_t error = 0;                // INFO-CODE that came with it; config::kNoError (image.h): none
  uint8_t bits = 0;                  // kAskedFor...
  uint8_t name_length = 0;
  uint8_t failures = 0;  // in a row; 0: there is none, or somebody of the pool has answered since
  uint8_t failure = 0;   // rcode
  uint8_t heat = 0;      // hits lately, 15 at most; halved now and then
  CachedState state = CachedState::unused;
  std::array<uint8_t, 6> reserved{};
};
static_assert(sizeof(CachedAnswer) == 72 && alignof(CachedAnswer) == 8);
constexpr uint8_t kAskedForRecursion = 1;
constexpr uint8_t kAskedWithoutChecking = 2;
constexpr uint8_t kAskedForDnssec = 8;

}  // namespace penstock::config
