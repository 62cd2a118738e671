// dataplane/dns/answer.h - answers that we make ourselves, written over the query's own bytes.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/dns/message.h"

namespace penstock::dns {

// INFO-CODE of an Extended DNS Error (RFC 8914 section 4); none: no option is written. Some have an EXTRA-TEXT: its number is
// the upper octet.
enum class ExtendedError : uint16_t {
  other = 0,
  stale_answer = 3,
  cached_error = 13,
  blocked = 15,
  filtered = 17,
  prohibited = 18,
  stale_nxdomain = 19,
  not_authoritative = 20,
  no_reachable_authority = 22,
  network_error = 23,
  invalid_data = 24,
  over_budget = 0x100 | network_error,  // "rate budget of the endpoints"
  over_share = 0x200 | network_error,   // "share of the client"
  loop = 0x300 | other,                 // "loop"
  over_rate = 0x400 | prohibited,       // "rate of the client"
  none = 0xffff,
};

// The flags of whatever leaves to a client in answer to a query whose header had `asked`: QR and the opcode; RD and CD as the query had
// them, RA as we do recurse, and Z zero (RFC 6895 section 2.1); AA, TC, AD and the rcode as `said`. To other opcodes than QUERY RA and CD mean
// nothing. Messages that are opaque (dns::Query) alone keep what they have.
constexpr uint16_t answer_flags(uint16_t asked, uint16_t said) {
  constexpr uint16_t kOfQueries = kFlagRecursionAvailable | kFlagCheckingDisabled;
  constexpr uint16_t kSaid = kFlagAuthoritative | kFlagTruncated | kFlagAuthenticData | kRcodeMask;
  const unsigned copied = asked & (kOpcodeMask | kFlagRecursionDesired | kFlagCheckingDisabled);
  const unsigned flags = kFlagResponse | kFlagRecursionAvailable | copied | (said & unsigned{kSaid});
  return static_cast<uint16_t>((asked & kOpcodeMask) == 0 ? flags : flags & ~unsigned{kOfQueries});
}

// What an answer of ours may add behind the question: an OPT with one EDE option and its text, and one for keepalive.
constexpr unsigned kLongestExtraText = 28;
constexpr unsigned kKeepaliveSize = 6;
constexpr unsigned kAnswerTail = kOptSize + 6 + kLongestExtraText + kKeepaliveSize;
// The same for one answer.
unsigned answer_tail(const QueryTraits& traits, ExtendedError error);

// Turns the header and question at the start of `message` into an answer and returns its length. The id and, of
// traits.question_length octets, the question stay as they are; a question length of 0 leaves only the header. The flags are
// those of answer_flags(). An OPT is added if the query had one.
// `message` has room for header, question and answer_tail(), which is kAnswerTail at most.
unsigned write_answer(std::span<uint8_t> message, const QueryTraits& traits, Rcode rcode, ExtendedError error);

// The same with `records_length` octets of records between question and OPT, which the caller writes and counts.
unsigned write_answer_around(std::span<uint8_t> message, const QueryTraits& traits, Rcode rcode, ExtendedError error,
                             unsigned records_length);

// Gives the answer at the start of `message`, of `length` octets and without an OPT, ours if the query had one: with the upper bits
// of an rcode and the `options` of somebody else. Its length; 0: there is no room.
unsigned add_opt(std::span<uint8_t> message, unsigned length, const QueryTraits& traits, uint8_t extended_rcode,
                 std::span<const uint8_t> options);

// Options that are no part of the answer but for one client alone: the only place where they are written. They go behind those of the OPT
// that the answer at the start of `message`, of `length` octets, ends with; an answer that is then longer than the client takes is cut as
// by truncate_answer(). Without such an OPT, or where there is no room, nothing is added. The length. `name`: ours, of 255 octets at
// most, for who asks for it (RFC 5001); empty: we do not tell it. The cookie of `traits`, for who sent one (RFC 7873).
constexpr unsigned kCookieSize = 4 + sizeof(Cookie);
constexpr unsigned kMostClientOptions = 4 + 255 + kCookieSize;
unsigned write_client_options(std::span<uint8_t> message, unsigned length, const QueryTraits& traits,
                              std::span<const uint8_t> name);
inline unsigned add_client_options(std::span<uint8_t> message, unsigned length, const QueryTraits& traits,
                                   std::span<const uint8_t> name) {
  return traits.wants_nsid || traits.has_cookie ? write_client_options(message, length, traits, name) : length;
}

// As remove_opt(), for a client that sent none: an rcode that needs one becomes SERVFAIL.
unsigned leave_opt_out(std::span<uint8_t> message, const Opt& opt);

// Makes of the answer at the start of `message`, of `length` octets, one to a query of `traits`: the AD bit is for who wants it, the
// OPT, which is its last record, for who sent one; what is longer than the client takes is cut. It has the question. The length. Room
// as for write_answer().
unsigned fit_answer(std::span<uint8_t> message, unsigned length, const QueryTraits& traits);

// Cuts the answer at the start of `message`, of which a header is enough, down to the question and an OPT if the query had one, and
// sets TC: the client must ask over TCP. `question` is the query's, of traits.question_length octets, which are written: it may lie
// in the message. Returns the length. Room as for write_answer().
unsigned truncate_answer(std::span<uint8_t> message, const uint8_t* question, const QueryTraits& traits);

}  // namespace penstock::dns
