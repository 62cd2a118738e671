#include "dataplane/dns/answer.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace penstock::dns {
namespace {

constexpr std::string_view kExtraTexts[] = {"", "rate budget of the endpoints", "share of the client", "loop",
                                            "rate of the client"};
static_assert(std::all_of(std::begin(kExtraTexts), std::end(kExtraTexts),
                          [](std::string_view text) { return text.size() <= kLongestExtraText; }));

unsigned length_of(ExtendedError error) {
  if (error == ExtendedError::none) return 0;
  return static_cast<unsigned>(6 + kExtraTexts[static_cast<uint16_t>(error) >> 8].size());
}

unsigned keepalive_length(const QueryTraits& traits) {
  return traits.keepalive != 0 ? kKeepaliveSize : 0;
}

void write_keepalive(uint8_t* at, uint16_t timeout) {
  store16(at, kOptionKeepalive);
  store16(at + 2, 2);
  store16(at + 4, timeout);
}

unsigned write_own_options(uint8_t* at, const QueryTraits& traits, Rcode rcode, ExtendedError error) {
  const unsigned error_length = length_of(error);
  const unsigned options = error_length + keepalive_length(traits);
  write_opt(at, traits.own_size, static_cast<uint8_t>(rcode) >> 4, traits.dnssec_ok, options);
  uint8_t* option = at + kOptSize;
  if (error_length != 0) {
    const auto code = static_cast<uint16_t>(error);
    const std::string_view text = kExtraTexts[code >> 8];
    store16(option, kOptionExtendedError);
    store16(option + 2, static_cast<uint16_t>(2 + text.size()));
    store16(option + 4, code & 0xff);
    std::memcpy(option + 6, text.data(), text.size());
    option += error_length;
  }
  if (traits.keepalive != 0) write_keepalive(option, traits.keepalive);
  return kOptSize + options;
}

void leave_ad_out(uint8_t* header, const QueryTraits& traits) {
  if (wants_ad(traits.flags, traits.dnssec_ok)) return;
  store16(header + 2, static_cast<uint16_t>(flags_of(header) & ~unsigned{kFlagAuthenticData}));
}

unsigned write_own_opt(uint8_t* at, const QueryTraits& traits, Rcode rcode, ExtendedError error) {
  if (error != ExtendedError::none || traits.keepalive != 0) return write_own_options(at, traits, rcode, error);
  write_opt(at, traits.own_size, static_cast<uint8_t>(rcode) >> 4, traits.dnssec_ok, 0);
  return kOptSize;
}

void write_option(uint8_t* at, uint16_t code, std::span<const uint8_t> data) {
  store16(at, code);
  store16(at + 2, static_cast<uint16_t>(data.size()));
  std::memcpy(at + 4, data.data(), data.size());
}

}  // namespace

unsigned answer_tail(const QueryTraits& traits, ExtendedError error) {
  return kOptSize + length_of(error) + keepalive_length(traits);
}

unsigned write_answer(std::span<uint8_t> message, const QueryTraits& traits, Rcode rcode, ExtendedError error) {
  return write_answer_around(message, traits, rcode, error, 0);
}

unsigned write_answer_around(std::span<uint8_t> message, const QueryTraits& traits, Rcode rcode, ExtendedError error,
                             unsigned records_length) {
  uint8_t* header = message.data();
  store16(header + 2, answer_flags(traits.flags, static_cast<uint16_t>(rcode) & kRcodeMask));
  store16(header + 4, traits.question_length != 0 ? 1 : 0);
  store16(header + 6, 0);
  store16(header + 8, 0);
  store16(header + 10, traits.has_opt ? 1 : 0);
  unsigned length = kHeaderSize + traits.question_length + records_length;
  if (traits.has_opt) length += write_own_opt(header + length, traits, rcode, error);
  return length;
}

unsigned add_opt(std::span<uint8_t> message, unsigned length, const QueryTraits& traits, uint8_t extended_rcode,
                 std::span<const uint8_t> options) {
  if (!traits.has_opt) return length;
  const unsigned keepalive = keepalive_length(traits);
  const auto options_length = static_cast<unsigned>(options.size()) + keepalive;
  if (message.size() < length + kOptSize + options_length) return 0;
  uint8_t* at = &message[length];
  write_opt(at, traits.own_size, extended_rcode, traits.dnssec_ok, options_length);
  if (!options.empty()) std::memcpy(at + kOptSize, options.data(), options.size());
  if (keepalive != 0) write_keepalive(at + kOptSize + options.size(), traits.keepalive);
  uint8_t* count = message.data() + 10;
  store16(count, static_cast<uint16_t>(load16(count) + 1));
  return length + kOptSize + options_length;
}

unsigned write_client_options(std::span<uint8_t> message, unsigned length, const QueryTraits& traits,
                              std::span<const uint8_t> name) {
  const unsigned begin = kHeaderSize + traits.question_length;
  const bool with_name = traits.wants_nsid && !name.empty();
  const unsigned name_size = with_name ? static_cast<unsigned>(4 + name.size()) : 0;
  const unsigned added = name_size + (traits.has_cookie ? kCookieSize : 0);
  if (!traits.has_opt || added == 0 || message.size() < std::max(begin + kAnswerTail, length) + added) return length;
  Opt opt;
  unsigned end = 0;
  if (find_opt(message.first(length), begin, opt, end) != OptSearch::found || opt.behind != 0 || end != length)
    return length;
  if (length + added > traits.udp_size) {
    if (begin + kOptSize + keepalive_length(traits) + added > traits.udp_size) return length;
    length = truncate_answer(message, message.data() + kHeaderSize, traits);
    opt.begin = static_cast<uint16_t>(begin);
  }
  if (with_name) write_option(&message[length], kOptionNsid, name);
  if (traits.has_cookie) write_option(&message[length + name_size], kOptionCookie, traits.cookie);
  length += added;
  store16(&message[opt.begin + kOptSize - 2U], static_cast<uint16_t>(length - opt.begin - kOptSize));
  return length;
}

unsigned fit_answer(std::span<uint8_t> message, unsigned length, const QueryTraits& traits) {
  uint8_t* header = message.data();
  leave_ad_out(header, traits);
  if (!traits.has_opt && load16(header + 10) != 0) {
    Opt opt;
    unsigned end = 0;
    if (find_opt(message.first(length), kHeaderSize + traits.question_length, opt, end) == OptSearch::found &&
        opt.behind == 0)
      length = leave_opt_out(message.first(length), opt);
  }
  return length <= traits.udp_size ? length : truncate_answer(message, header + kHeaderSize, traits);
}

unsigned leave_opt_out(std::span<uint8_t> message, const Opt& opt) {
  const unsigned length = remove_opt(message, opt);
  if (opt.extended_rcode != 0 && length != 0) {
    // RFC 6891 section 6.1.3: without an OPT there is no place for the upper bits, and the others mean something else.
    const unsigned flags = flags_of(message.data()) & ~unsigned{kRcodeMask};
    store16(&message[2], static_cast<uint16_t>(flags | static_cast<unsigned>(Rcode::servfail)));
  }
  return length;
}

unsigned truncate_answer(std::span<uint8_t> message, const uint8_t* question, const QueryTraits& traits) {
  uint8_t* header = message.data();
  leave_ad_out(header, traits);
  store16(header + 2, static_cast<uint16_t>(flags_of(header) | kFlagTruncated));
  store16(header + 4, traits.question_length != 0 ? 1 : 0);
  std::memmove(header + kHeaderSize, question, traits.question_length);
  store16(header + 6, 0);
  store16(header + 8, 0);
  store16(header + 10, traits.has_opt ? 1 : 0);
  unsigned length = kHeaderSize + traits.question_length;
  if (traits.has_opt) length += write_own_opt(header + length, traits, Rcode::noerror, ExtendedError::none);
  return length;
}

}  // namespace penstock::dns
