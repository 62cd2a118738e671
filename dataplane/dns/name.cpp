#include "dataplane/dns/name.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace penstock::dns {
namespace {

#if defined(__SSE2__)
void fold16(const uint8_t* from, uint8_t* to) {
  const __m128i octets = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
  // Compared as signed numbers: octets from 0x80 on are below 'A'.
  const __m128i upper =
      _mm_and_si128(_mm_cmpgt_epi8(octets, _mm_set1_epi8('A' - 1)), _mm_cmplt_epi8(octets, _mm_set1_epi8('Z' + 1)));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_or_si128(octets, _mm_and_si128(upper, _mm_set1_epi8(0x20))));
}
#endif

void fold(const uint8_t* from, uint8_t* to, unsigned length) {
#if defined(__SSE2__)
  if (length >= 16) {
    // The last sixteen overlap those before: no loop over single octets, whose end predicts badly.
    for (unsigned i = 0; i + 16 < length; i += 16) fold16(from + i, to + i);
    fold16(from + length - 16, to + length - 16);
    return;
  }
#endif
  for (unsigned i = 0; i < length; ++i) {
    const bool upper = static_cast<uint8_t>(from[i] - 'A') < 26;
    to[i] = static_cast<uint8_t>(from[i] | (upper ? 0x20 : 0));
  }
}

}  // namespace

bool parse_name(std::span<const uint8_t> wire, FoldedName& name) {
  const unsigned end = wire.size() < 255 ? static_cast<unsigned>(wire.size()) : 255;
  unsigned at = 0;
  unsigned labels = 0;
  for (;;) {
    if (at >= end) return false;
    const unsigned length = wire[at];
    name.offsets[labels] = static_cast<uint8_t>(at);
    if (length == 0) break;
    if (length > 63) return false;
    at += length + 1;
    ++labels;  // at most 127: each label takes two octets or more
  }
  name.labels = static_cast<uint8_t>(labels);
  name.length = static_cast<uint8_t>(at + 1);
  fold(wire.data(), name.bytes, at + 1);
  return true;
}

}  // namespace penstock::dns
