// tests/fuzz/keep_fuzz.cpp - any bytes as a response: what is kept of it can be given out, and kept again as the same.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "dataplane/dns/keep.h"

using namespace penstock::dns;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr unsigned kQuestion = 5;  // the root's
  if (size < kHeaderSize + kQuestion) return 0;
  std::vector<uint8_t> message(data, data + size);
  message[kHeaderSize] = 0;
  constexpr KeepLimits kLimits{3600, 0, 300};
  static Kept kept, again;
  if (read_answer(message, kQuestion, kLimits, kept) != Keep::answer) return 0;
  if (kept.answer.ttl == 0 || kept.answer.ttl > 3600 || kept.answer.body_length > kLongestBody) std::abort();
  // AD asks for AD (RFC 6840 section 5.7); who does not ask has none.
  const QueryTraits traits{
      .flags = 0x0120, .question_length = kQuestion, .has_opt = true, .dnssec_ok = false, .udp_size = 4096};
  std::vector<uint8_t> given(message.begin(), message.begin() + kHeaderSize + kQuestion);
  given.resize(given.size() + kept.answer.body_length + kMostTail);
  given.resize(
      give_answer(given, traits, kept, {.age = 0, .stale_ttl = 0, .rotation = 0, .error = ExtendedError::none}));
  if (read_answer(given, kQuestion, kLimits, again) != Keep::answer) std::abort();
  if (std::memcmp(&again.answer, &kept.answer, sizeof kept.answer) != 0) std::abort();
  if (std::memcmp(again.body.data(), kept.body.data(), kept.answer.body_length) != 0) std::abort();
  give_answer(given, traits, kept,
              {.age = 1, .stale_ttl = 30, .rotation = data[size - 1], .error = ExtendedError::stale_answer});
  return 0;
}
