#include "dataplane/dns/spelling.h"

namespace penstock::dns {
namespace {

bool is_capital(uint8_t octet) {
  return static_cast<uint8_t>(octet - 'A') < 26;
}

uint8_t folded_of(uint8_t octet) {
  return static_cast<uint8_t>(octet | (is_capital(octet) ? 0x20 : 0));
}

}  // namespace

// Simple loops over fixed pieces: the compiler makes vectors of them. Length octets are below 'A', so they fold to themselves.
Spelling spelling_of(const uint8_t* wire, const FoldedName& folded) {
  Spelling spelling;
  for (unsigned i = 0; i < folded.length; ++i)
    spelling.capitals[i / 16] =
        static_cast<uint16_t>(spelling.capitals[i / 16] | (wire[i] != folded.bytes[i]) << i % 16);
  return spelling;
}

void spell(uint8_t* name, unsigned length, const Spelling& spelling) {
  for (unsigned i = 0; i < length; ++i) {
    const bool capital = (spelling.capitals[i / 16] >> i % 16 & 1) != 0;
    name[i] = static_cast<uint8_t>(folded_of(name[i]) - (capital ? 0x20 : 0));
  }
}

void flip_case(uint8_t* name, unsigned length, uint64_t bits) {
  for (unsigned i = 0; i < length; ++i) {
    const bool is_letter = static_cast<uint8_t>((name[i] | 0x20) - 'a') < 26;
    name[i] = static_cast<uint8_t>(name[i] ^ (is_letter ? (bits >> i % 64 & 1) << 5 : 0));
  }
}

bool is_same_name(const uint8_t* name, const uint8_t* other, unsigned length) {
  unsigned different = 0;
  for (unsigned i = 0; i < length; ++i) different |= static_cast<unsigned>(folded_of(name[i]) ^ folded_of(other[i]));
  return different == 0;
}

bool folds_to(const uint8_t* wire, const uint8_t* folded, unsigned length) {
  unsigned different = 0;
  for (unsigned i = 0; i < length; ++i) different |= static_cast<unsigned>(folded_of(wire[i]) ^ folded[i]);
  return different == 0;
}

}  // namespace penstock::dns
