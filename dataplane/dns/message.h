// dataplane/dns/message.h - what the path must know of a DNS message, read from its bytes (RFC 1035 section 4, RFC 6891).
//
// Nothing here copies a message or follows a compression pointer: names behind the question are only stepped over.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/dns/cookie.h"
#include "dataplane/dns/edns.h"
#include "dataplane/dns/name.h"

namespace penstock::dns {

constexpr unsigned kHeaderSize = 12;

// Bits of the header's third and fourth octet, as one big-endian number.
constexpr uint16_t kFlagResponse = 0x8000;
constexpr uint16_t kOpcodeMask = 0x7800;
constexpr uint16_t kFlagAuthoritative = 0x0400;
constexpr uint16_t kFlagTruncated = 0x0200;
constexpr uint16_t kFlagRecursionDesired = 0x0100;
constexpr uint16_t kFlagRecursionAvailable = 0x0080;
constexpr uint16_t kFlagAuthenticData = 0x0020;
constexpr uint16_t kFlagCheckingDisabled = 0x0010;
constexpr uint16_t kRcodeMask = 0x000f;

constexpr uint16_t kOpcodeUpdate = 5 << 11;  // RFC 2136

// Of a question or record (RFC 1035 sections 3.2.4 and 3.2.5).
constexpr uint16_t kClassIn = 1;
constexpr uint16_t kClassChaos = 3;
constexpr uint16_t kClassAny = 255;

// Values above 15 have their upper bits in the OPT.
enum class Rcode : uint8_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  badvers = 16,
  badcookie = 23
};

// Does it say something of the name? All others say of the server that it could not, or would not, answer.
constexpr bool is_answer(Rcode rcode) {
  return rcode == Rcode::noerror || rcode == Rcode::nxdomain;
}

constexpr uint16_t kOurUdpSize = 1232;  // what we take by UDP: no fragments at the smallest IPv6 MTU

inline uint16_t load16(const uint8_t* at) {
  return static_cast<uint16_t>(at[0] << 8 | at[1]);
}
inline void store16(uint8_t* at, uint16_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

// The header fields of a message of at least kHeaderSize bytes, in host order.
inline uint16_t id_of(const uint8_t* message) {
  return load16(message);
}
inline uint16_t flags_of(const uint8_t* message) {
  return load16(message + 2);
}
inline uint16_t qdcount_of(const uint8_t* message) {
  return load16(message + 4);
}

// Does who asks so want to see whether the answer was validated (RFC 6840 sections 5.7 and 5.8)? DO, or AD of the header.
constexpr bool wants_ad(uint16_t flags, bool dnssec_ok) {
  return dnssec_ok || (flags & kFlagAuthenticData) != 0;
}

// The part of a query that answers of our own need, and that outlives it in the pending table.
struct QueryTraits {
  uint16_t flags = 0;               // of the header
  uint16_t question_length = 0;     // octets of the question section: name, type, class
  bool has_opt = false;             // the query carried an OPT record
  bool dnssec_ok = false;           // its DO bit
  bool wants_nsid = false;          // it asks for our name (RFC 5001)
  bool has_cookie = false;          // it sent a cookie (RFC 7873)
  uint16_t udp_size = 512;          // octets of an answer that the client takes (RFC 6891 section 6.2.3)
  uint16_t own_size = kOurUdpSize;  // what our OPT tells it
  uint16_t keepalive = 0;           // in units of 100 ms: our OPT says so (RFC 7828); 0: it does not
  Cookie cookie{};                  // that the client is told
};

struct Query {
  FoldedName name;
  QueryTraits traits;
  // Nothing but a question and at most an OPT, no bit set that means nothing in a query, and what the OPT says beside DO goes no
  // further: whoever asks the same with the same bits gets the same answer, unless the pool lets some option pass.
  bool plain;
  bool opaque;           // an UPDATE, a TKEY query, or signed (TSIG, SIG(0)): goes as it came, but for its id
  bool wants_keepalive;  // an option of the OPT
  uint16_t cookie_at;    // offset of the data of its first COOKIE
  uint16_t
      cookie_length;  // octets: 8, or 16 to 40; 0: it has none that counts, and after a verdict other than those below
  uint16_t end;       // offset behind the last record: anything that follows is no part of it
  Opt opt;
};

enum class QueryVerdict : uint8_t {
  ok,
  too_short,    // no header: nothing can be said to the sender
  response,     // QR is set: never answered, two servers would answer each other for ever
  update,       // ok, but for the opcode: the zone section is read as the question
  not_query,    // another opcode than these
  malformed,    // behind the header something is cut short or contradicts it
  bad_version,  // ok, but for the version of its OPT (RFC 6891 section 6.1.3)
  cookie_only,  // no question, and nothing but an OPT with a cookie (RFC 7873 section 5.4): traits.question_length is 0
};

// Reads header, question and, stepping over all records, the OPT. `query` is valid only on ok, update, bad_version and, but for its name, cookie_only;
// traits.flags on all but too_short. One question exactly (RFC 9619 section 4) but beside a cookie, at most one OPT, in the additional section and
// owned by the root (RFC 6891 section 6.1.1), its options whole.
QueryVerdict parse_query(std::span<const uint8_t> message, Query& query);

}  // namespace penstock::dns
