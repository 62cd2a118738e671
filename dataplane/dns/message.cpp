#include "dataplane/dns/message.h"

#include <cstring>

#include "dataplane/dns/records.h"

namespace penstock::dns {
namespace {

constexpr uint16_t kTypeSig = 24;
constexpr uint16_t kTypeTkey = 249;

// RFC 7873 section 5.2.2: the client's eight octets, alone or with a server's part.
bool may_be_cookie(size_t length) {
  return length == kClientCookieSize ||
         (length >= kClientCookieSize + kLeastServerCookie && length <= kClientCookieSize + kMostServerCookie);
}

// False: they are not whole, or a cookie is not.
bool read_options(std::span<const uint8_t> message, Query& query) {
  Options options(message, query.opt);
  for (Option option; options.next(option);) {
    if (option.code == kOptionCookie && query.cookie_length == 0) {
      if (!may_be_cookie(option.data().size())) return false;
      query.cookie_at = static_cast<uint16_t>(option.data().data() - message.data());
      query.cookie_length = static_cast<uint16_t>(option.data().size());
    }
    query.wants_keepalive = query.wants_keepalive || option.code == kOptionKeepalive;
    // RFC 5001 section 2.2: what stands in it means nothing.
    query.traits.wants_nsid = query.traits.wants_nsid || option.code == kOptionNsid;
  }
  return !options.malformed();
}

// Steps over `count` records from `at`, the last `additional` of which are in that section. False when they do not fit the
// message, or an OPT is not as it must be.
bool walk_records(std::span<const uint8_t> message, unsigned at, unsigned count, unsigned additional, Query& query) {
  for (; count != 0; --count) {
    const unsigned owner = at;
    at = skip_name(message, at);
    if (at == 0 || at + 10 > message.size()) return false;
    const uint8_t* fixed = message.data() + at;  // type, class, TTL, data length
    const uint16_t type = load16(fixed);
    at += 10U + load16(fixed + 8);
    if (at > message.size()) return false;
    if (type != kTypeOpt) {
      query.plain = false;
      // RFC 8945 section 5.1, RFC 2931 section 3.1: the signature is the last record, whose data cover all others.
      if (count == 1 && additional != 0 && (type == kTypeTsig || (type == kTypeSig && message[owner] == 0)))
        query.opaque = true;
      continue;
    }
    if (query.traits.has_opt || count > additional || message[owner] != 0) return false;
    read_opt(message.data(), owner, count - 1, query.opt);
    query.traits.has_opt = true;
    query.traits.dnssec_ok = query.opt.dnssec_ok;
    if (query.opt.udp_size > query.traits.udp_size) query.traits.udp_size = query.opt.udp_size;
    if (query.opt.has_options() && !read_options(message, query)) return false;
  }
  query.end = static_cast<uint16_t>(at);
  return true;
}

QueryVerdict unreadable(Query& query) {
  query.cookie_length = 0;
  return QueryVerdict::malformed;
}

// A message of a header and an OPT with a cookie.
QueryVerdict parse_without_question(std::span<const uint8_t> message, Query& query) {
  constexpr uint8_t kOnlyAnOpt[] = {0, 0, 0, 0, 0, 1};
  query.name.length = 0;
  query.opaque = false;
  query.plain = false;
  const bool is_read = std::memcmp(&message[6], kOnlyAnOpt, sizeof kOnlyAnOpt) == 0 &&
                       walk_records(message, kHeaderSize, 1, 1, query) && query.opt.version == 0;
  return is_read && query.cookie_length != 0 ? QueryVerdict::cookie_only : unreadable(query);
}

}  // namespace

QueryVerdict parse_query(std::span<const uint8_t> message, Query& query) {
  if (message.size() < kHeaderSize) return QueryVerdict::too_short;
  const uint8_t* header = message.data();
  query.traits = QueryTraits{};
  query.traits.flags = flags_of(header);
  query.opt = Opt{};
  query.wants_keepalive = false;
  query.cookie_length = 0;
  if ((query.traits.flags & kFlagResponse) != 0) return QueryVerdict::response;
  const uint16_t opcode = query.traits.flags & kOpcodeMask;
  if (opcode != 0 && opcode != kOpcodeUpdate) return QueryVerdict::not_query;
  if (qdcount_of(header) == 0 && opcode == 0) return parse_without_question(message, query);
  if (qdcount_of(header) != 1) return QueryVerdict::malformed;
  if (!parse_name(message.subspan(kHeaderSize), query.name)) return QueryVerdict::malformed;
  const unsigned question_end = kHeaderSize + query.name.length + 4U;
  if (question_end > message.size()) return QueryVerdict::malformed;
  query.traits.question_length = static_cast<uint16_t>(query.name.length + 4U);
  query.end = static_cast<uint16_t>(question_end);
  constexpr uint16_t kMeant = kFlagRecursionDesired | kFlagAuthenticData | kFlagCheckingDisabled;
  query.plain = (query.traits.flags & ~kMeant) == 0;
  query.opaque = opcode != 0 || load16(header + question_end - 4) == kTypeTkey;
  const unsigned additional = load16(header + 10);
  const unsigned records = load16(header + 6) + load16(header + 8) + additional;
  if (records != 0 && !walk_records(message, question_end, records, additional, query)) return unreadable(query);
  query.plain = query.plain && !query.opaque;
  if (opcode != 0) return QueryVerdict::update;
  if (query.opt.version != 0 && !query.opaque) {
    query.traits.wants_nsid = false;  // an option of a version that we do not know
    query.cookie_length = 0;          // another
    return QueryVerdict::bad_version;
  }
  return QueryVerdict::ok;
}

}  // namespace penstock::dns
