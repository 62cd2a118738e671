// tests/fuzz/edns_fuzz.cpp - any bytes as a response: what is left without its OPT is walked as before, and has none.
#include <cstdlib>
#include <vector>

#include "dataplane/dns/answer.h"

using namespace penstock::dns;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < kHeaderSize || size > 4096) return 0;
  std::vector<uint8_t> message(data, data + size);
  Opt opt;
  unsigned end = 0;
  if (find_opt(message, kHeaderSize, opt, end) != OptSearch::found) return 0;
  Options options(message, opt);
  for (Option option; options.next(option);)
    if (option.whole.size() != option.data().size() + 4) std::abort();
  const unsigned length = remove_opt(message, opt);
  if (length == 0) return 0;
  message.resize(length);
  if (length != size - (opt.end - opt.begin) || find_opt(message, kHeaderSize, opt, end) != OptSearch::none)
    std::abort();
  message.resize(length + kAnswerTail);
  if (add_opt(message, length, {.has_opt = true}, 0, {}) != length + kOptSize) std::abort();
  return 0;
}
