#include "dataplane/dns/name.h"

namespace penstock::dns {

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
  for (unsigned i = 0; i <= at; ++i) {
    const uint8_t octet = wire[i];
    const bool upper = static_cast<uint8_t>(octet - 'A') < 26;
    name.bytes[i] = static_cast<uint8_t>(octet | (upper ? 0x20 : 0));
  }
  return true;
}

}  // namespace penstock::dns
