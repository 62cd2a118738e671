// dataplane/dns/name.h - question names: parsed from the wire, folded once, their labels marked (RFC 1035 3.1, RFC 4343).
#pragma once

#include <cstdint>
#include <span>

namespace penstock::dns {

// A name in folded wire form. Folding the whole name at once is safe: length octets are below 'A'.
struct FoldedName {
  alignas(8) uint8_t bytes[256];  // bytes behind `length` are undefined
  uint8_t offsets[128];           // of each label's length octet, from the left; offsets[labels] is the root's
  uint8_t length;                 // 1..255, the root's octet included
  uint8_t labels;                 // 0..127, the root not counted
};

// Parses the uncompressed name at the start of `wire` into `name`. False when it is cut short, longer than 255 octets, or
// has a label type other than a plain label (a question has nothing to point back to: RFC 1035 section 4.1.4).
bool parse_name(std::span<const uint8_t> wire, FoldedName& name);

}  // namespace penstock::dns
