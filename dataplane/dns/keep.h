// dataplane/dns/keep.h - what is kept of a response, for how long, and how it is given out again (RFC 1035, 2181, 2308, 8767).
//
// Kept are the records behind the question, without the OPT: that one is between two hops (RFC 6891 section 6.1.1), and
// whoever gets the answer gets one of ours. Of its options only the INFO-CODE of an Extended DNS Error is kept. Names in the records may point at the question: its name has the same length in
// every message that the answer goes into, so the pointers stay right, and the client reads its own spelling.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/dns/answer.h"
#include "dataplane/dns/message.h"
#include "dataplane/dns/records.h"

namespace penstock::dns {

constexpr unsigned kLongestBody = 3064;  // octets of records that are kept: an entry fits a page, whatever its name
constexpr unsigned kMostRecords = 255;

// Seconds.
struct KeepLimits {
  uint32_t max_ttl;
  uint32_t min_ttl;  // of what is there; that there is nothing is never kept for longer than it says
  uint32_t max_negative_ttl;
};

// Offsets count from the end of the question.
struct KeptAnswer {
  uint32_t ttl = 0;            // s, the least of its records
  uint16_t flags = 0;          // rcode and AD of the header
  uint16_t body_length = 0;    // octets
  uint16_t counts[3] = {};     // of records, by section
  uint16_t first_address = 0;  // of the data of the first record of a set of addresses
  uint8_t stride = 0;          // from one of them to the next
  uint8_t addresses = 0;       // 0: there is none with more than one
  uint8_t records = 0;         // of all sections: so many TTLs
  uint8_t has_chain = 0;       // a CNAME or DNAME is among the answers
};
static_assert(sizeof(KeptAnswer) == 20);

struct Kept {
  KeptAnswer answer;
  ExtendedError error;  // that came with it, or none
  bool over_limits;     // limit_ttls() may change the message
  std::array<uint16_t, kMostRecords + 1> ttl_at;
  std::array<uint8_t, kLongestBody + 8> body;  // TTLs as kept; what is behind body_length may be overwritten
};

enum class Keep : uint8_t {
  answer,    // `kept` is what there is
  failure,   // an rcode that says that the server could not, or would not, answer
  once,      // an answer for who asked and for nobody later: TTL 0, without a SOA, or meant for one client alone
  cut,       // the same: there is more than the message has room for (TC)
  too_long,  // the same: for an entry
  nothing,   // no answer that can be understood
};

// `message` has a header and a question section of `question_length` octets, which is what was asked.
Keep read_answer(std::span<const uint8_t> message, unsigned question_length, const KeepLimits& limits, Kept& kept);

// Brings the TTLs of such a message within the limits. What cannot be read of it stays as it is.
void limit_ttls(std::span<uint8_t> message, unsigned question_length, const KeepLimits& limits);

// Where a set of addresses lies in an answer: first_address, stride and addresses of the result are valid, and count from the
// end of the question.
KeptAnswer find_addresses(std::span<const uint8_t> message, unsigned question_length);

// How an answer is given out.
struct Giving {
  uint32_t age = 0;        // s since it was kept
  uint32_t stale_ttl = 0;  // s; 0: it is fresh, its TTLs less the age are given
  uint32_t rotation = 0;   // which of its addresses comes first, modulo their number
  ExtendedError error = ExtendedError::none;
};

// Writes header flags, counts and all behind the question over `message`, which has room for kMostTail octets more than the
// answer; its id and question stay. The length; when that is more than traits.udp_size the answer is cut down to the question,
// with TC.
unsigned give_answer(std::span<uint8_t> message, const QueryTraits& traits, const Kept& kept, const Giving& giving);
constexpr unsigned kMostTail = kAnswerTail + 8;

// Puts another one first of each set that find_addresses() found. Rotations by 0 .. addresses-1 are all different.
void rotate_addresses(std::span<uint8_t> behind_question, const KeptAnswer& answer, uint32_t rotation);

}  // namespace penstock::dns
