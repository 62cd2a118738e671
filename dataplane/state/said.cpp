#include "dataplane/state/said.h"

#include "dataplane/dns/records.h"

namespace penstock::state {
namespace {

constexpr size_t kTypeAndClass = 4;
constexpr size_t kRecordHead = 10;      // type, class, TTL, length
constexpr size_t kOptionWithCode = 6;   // code, length, code of the error
constexpr unsigned kMostAuthority = 4;  // a negative answer's SOA, and its signatures

// Behind the name at `at`; the message's end or more: it is cut short.
size_t behind_name(std::span<const uint8_t> message, size_t at) {
  while (at < message.size() && message[at] != 0) {
    if (message[at] >= 0xc0) return at + 2;
    at += size_t{message[at]} + 1;
  }
  return at + 1;
}

}  // namespace

void read_own_opt(std::span<const uint8_t> message, Said& said) {
  const unsigned authority = dns::load16(&message[8]);
  if (authority > kMostAuthority || dns::load16(&message[10]) != 1) return;
  size_t at = dns::kHeaderSize;
  if (dns::load16(&message[4]) != 0) at = behind_name(message, at) + kTypeAndClass;
  for (unsigned i = 0; i < authority; ++i) {
    at = behind_name(message, at);
    if (at + kRecordHead > message.size()) return;
    at += kRecordHead + dns::load16(&message[at + 8]);
  }
  if (at + 1 + kRecordHead > message.size() || message[at] != 0 || dns::load16(&message[at + 1]) != dns::kTypeOpt)
    return;
  said.rcode = static_cast<uint8_t>(said.rcode | message[at + 5] << 4);
  at += 1 + kRecordHead;
  if (at + kOptionWithCode <= message.size() && dns::load16(&message[at]) == dns::kOptionExtendedError)
    said.extended_error = dns::load16(&message[at + 4]);
}

}  // namespace penstock::state
