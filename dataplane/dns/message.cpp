#include "dataplane/dns/message.h"

#include "dataplane/dns/records.h"

namespace penstock::dns {
namespace {

// Steps over `count` records from `at`; 0 when they do not fit the message or there is a second OPT. `plain`: there is only
// an OPT, and it says no more than DO and a size.
unsigned walk_records(std::span<const uint8_t> message, unsigned at, unsigned count, QueryTraits& traits, bool& plain) {
  plain = count == 1;
  for (unsigned i = 0; i < count; ++i) {
    const unsigned owner = at;
    at = skip_name(message, at);
    if (at == 0 || at + 10 > message.size()) return 0;
    const uint8_t* fixed = message.data() + at;  // type, class, TTL, data length
    plain = plain && load16(fixed) == kTypeOpt;
    if (load16(fixed) == kTypeOpt) {
      if (traits.has_opt || message[owner] != 0) return 0;
      traits.has_opt = true;
      traits.dnssec_ok = (fixed[6] & 0x80) != 0;  // RFC 6891 section 6.1.3
      if (const uint16_t size = load16(fixed + 2); size > traits.udp_size) traits.udp_size = size;
      // Extended rcode and version; flags but DO; options.
      if (load16(fixed + 4) != 0 || (load16(fixed + 6) & 0x7fff) != 0 || load16(fixed + 8) != 0) plain = false;
    }
    at += 10U + load16(fixed + 8);
    if (at > message.size()) return 0;
  }
  return at;
}

}  // namespace

QueryVerdict parse_query(std::span<const uint8_t> message, Query& query) {
  if (message.size() < kHeaderSize) return QueryVerdict::too_short;
  const uint8_t* header = message.data();
  query.traits = QueryTraits{};
  query.traits.flags = flags_of(header);
  if ((query.traits.flags & kFlagResponse) != 0) return QueryVerdict::response;
  if ((query.traits.flags & kOpcodeMask) != 0) return QueryVerdict::not_query;
  if (qdcount_of(header) != 1) return QueryVerdict::malformed;
  if (!parse_name(message.subspan(kHeaderSize), query.name)) return QueryVerdict::malformed;
  const unsigned question_end = kHeaderSize + query.name.length + 4U;
  if (question_end > message.size()) return QueryVerdict::malformed;
  query.traits.question_length = static_cast<uint16_t>(query.name.length + 4U);
  const unsigned records = load16(header + 6) + load16(header + 8) + load16(header + 10);
  unsigned end = question_end;
  query.plain = true;
  if (records != 0) end = walk_records(message, question_end, records, query.traits, query.plain);
  if (end == 0) return QueryVerdict::malformed;
  constexpr uint16_t kMeant = kFlagRecursionDesired | kFlagAuthenticData | kFlagCheckingDisabled;
  if (end != message.size() || load16(header + 10) != records || (query.traits.flags & ~kMeant) != 0)
    query.plain = false;
  return QueryVerdict::ok;
}

}  // namespace penstock::dns
