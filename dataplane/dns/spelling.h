// dataplane/dns/spelling.h - which letters of a question's name are capitals: all that tells two spellings of a name apart.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/dns/name.h"

namespace penstock::dns {

// Bit i: octet i of the wire name is a capital letter.
struct Spelling {
  std::array<uint16_t, 16> capitals{};
  bool operator==(const Spelling&) const = default;
};

// Of `wire`, the octets that parse_name() made `folded` of.
Spelling spelling_of(const uint8_t* wire, const FoldedName& folded);

// Spells the wire name at `name`, of `length` octets, that way, whatever its spelling was.
void spell(uint8_t* name, unsigned length, const Spelling& spelling);

// Changes the case of each letter i of the wire name at `name`, of `length` octets, for which bit i modulo 64 is set. Done again: as
// it was.
void flip_case(uint8_t* name, unsigned length, uint64_t bits);

// Whether the `length` octets at both are the same but for the case of letters.
bool is_same_name(const uint8_t* name, const uint8_t* other, unsigned length);

// Whether the `length` octets at `wire` are `folded` in some spelling.
bool folds_to(const uint8_t* wire, const uint8_t* folded, unsigned length);

}  // namespace penstock::dns
