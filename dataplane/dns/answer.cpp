#include "dataplane/dns/answer.h"

namespace penstock::dns {
namespace {

constexpr uint16_t kUdpSize = 1232;  // what we accept: no fragments at the smallest IPv6 MTU
constexpr uint16_t kOptionExtendedError = 15;

unsigned write_opt(uint8_t* at, const QueryTraits& traits, ExtendedError error) {
  const bool with_error = error != ExtendedError::none;
  at[0] = 0;  // the root
  store16(at + 1, 41);
  store16(at + 3, kUdpSize);
  at[5] = 0;  // extended rcode
  at[6] = 0;  // version
  store16(at + 7, traits.dnssec_ok ? 0x8000 : 0);
  store16(at + 9, with_error ? 6 : 0);
  if (!with_error) return 11;
  store16(at + 11, kOptionExtendedError);
  store16(at + 13, 2);
  store16(at + 15, static_cast<uint16_t>(error));
  return 17;
}

}  // namespace

unsigned write_answer(std::span<uint8_t> message, const QueryTraits& traits, Rcode rcode, ExtendedError error) {
  uint8_t* header = message.data();
  const uint16_t kept = traits.flags & (kOpcodeMask | kFlagRecursionDesired | kFlagCheckingDisabled);
  store16(header + 2,
          static_cast<uint16_t>(kFlagResponse | kFlagRecursionAvailable | kept | static_cast<uint16_t>(rcode)));
  store16(header + 4, traits.question_length != 0 ? 1 : 0);
  store16(header + 6, 0);
  store16(header + 8, 0);
  store16(header + 10, traits.has_opt ? 1 : 0);
  unsigned length = kHeaderSize + traits.question_length;
  if (traits.has_opt) length += write_opt(header + length, traits, error);
  return length;
}

}  // namespace penstock::dns
