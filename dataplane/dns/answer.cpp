#include "dataplane/dns/answer.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace penstock::dns {
namespace {

constexpr uint16_t kUdpSize = 1232;  // what we accept: no fragments at the smallest IPv6 MTU
constexpr uint16_t kOptionExtendedError = 15;

constexpr std::string_view kExtraTexts[] = {"", "rate budget of the endpoints", "share of the client", "loop"};
static_assert(std::all_of(std::begin(kExtraTexts), std::end(kExtraTexts),
                          [](std::string_view text) { return text.size() <= kLongestExtraText; }));

unsigned write_opt(uint8_t* at, const QueryTraits& traits, ExtendedError error) {
  const bool with_error = error != ExtendedError::none;
  at[0] = 0;  // the root
  store16(at + 1, 41);
  store16(at + 3, kUdpSize);
  at[5] = 0;  // extended rcode
  at[6] = 0;  // version
  store16(at + 7, traits.dnssec_ok ? 0x8000 : 0);
  if (!with_error) {
    store16(at + 9, 0);
    return 11;
  }
  const auto code = static_cast<uint16_t>(error);
  const std::string_view text = kExtraTexts[code >> 8];
  store16(at + 9, static_cast<uint16_t>(6 + text.size()));
  store16(at + 11, kOptionExtendedError);
  store16(at + 13, static_cast<uint16_t>(2 + text.size()));
  store16(at + 15, code & 0xff);
  std::memcpy(at + 17, text.data(), text.size());
  return static_cast<unsigned>(17 + text.size());
}

}  // namespace

unsigned answer_tail(ExtendedError error) {
  if (error == ExtendedError::none) return 11;
  return static_cast<unsigned>(11 + 6 + kExtraTexts[static_cast<uint16_t>(error) >> 8].size());
}

unsigned write_answer(std::span<uint8_t> message, const QueryTraits& traits, Rcode rcode, ExtendedError error) {
  return write_answer_around(message, traits, rcode, error, 0);
}

unsigned write_answer_around(std::span<uint8_t> message, const QueryTraits& traits, Rcode rcode, ExtendedError error,
                             unsigned records_length) {
  uint8_t* header = message.data();
  const uint16_t kept = traits.flags & (kOpcodeMask | kFlagRecursionDesired | kFlagCheckingDisabled);
  store16(header + 2,
          static_cast<uint16_t>(kFlagResponse | kFlagRecursionAvailable | kept | static_cast<uint16_t>(rcode)));
  store16(header + 4, traits.question_length != 0 ? 1 : 0);
  store16(header + 6, 0);
  store16(header + 8, 0);
  store16(header + 10, traits.has_opt ? 1 : 0);
  unsigned length = kHeaderSize + traits.question_length + records_length;
  if (traits.has_opt) length += write_opt(header + length, traits, error);
  return length;
}

unsigned truncate_answer(std::span<uint8_t> message, const QueryTraits& traits) {
  uint8_t* header = message.data();
  store16(header + 2, static_cast<uint16_t>(flags_of(header) | kFlagTruncated));
  store16(header + 6, 0);
  store16(header + 8, 0);
  store16(header + 10, traits.has_opt ? 1 : 0);
  unsigned length = kHeaderSize + traits.question_length;
  if (traits.has_opt) length += write_opt(header + length, traits, ExtendedError::none);
  return length;
}

}  // namespace penstock::dns
