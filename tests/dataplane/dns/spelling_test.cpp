// tests/dataplane/dns/spelling_test.cpp - spellings of names, letter by letter beside the C library's tolower.
#include "dataplane/dns/spelling.h"

#include <gtest/gtest.h>

#include <cctype>
#include <random>
#include <vector>

namespace penstock::dns {
namespace {

using Bytes = std::vector<uint8_t>;

Bytes random_name(std::mt19937& random) {
  Bytes wire;
  while (wire.size() < 190 && random() % 8 != 0) {
    const unsigned length = 1 + random() % 63;
    wire.push_back(static_cast<uint8_t>(length));
    for (unsigned i = 0; i < length; ++i)
      wire.push_back(
          static_cast<uint8_t>(random() % 3 == 0 ? random() : (random() % 2 == 0 ? 'A' : 'a') + random() % 26));
  }
  wire.push_back(0);
  return wire;
}

Bytes respelled(Bytes wire, std::mt19937& random) {
  for (uint8_t& octet : wire)
    if (octet < 0x80 && std::isalpha(octet) != 0 && random() % 2 == 0) octet ^= 0x20;
  return wire;
}

TEST(Spelling, ThereAndBack) {
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    const Bytes wire = random_name(random);
    FoldedName folded;
    ASSERT_TRUE(parse_name(wire, folded));
    EXPECT_TRUE(folds_to(wire.data(), folded.bytes, folded.length));
    // One client's spelling put on another's message.
    Bytes other = respelled(wire, random);
    const Spelling spelling = spelling_of(wire.data(), folded);
    EXPECT_EQ(spelling == spelling_of(other.data(), folded), wire == other);
    EXPECT_TRUE(folds_to(other.data(), folded.bytes, folded.length));
    spell(other.data(), folded.length, spelling);
    ASSERT_EQ(other, wire);
    // Another name is another name: the octet changed is no letter's other case.
    const size_t at = random() % wire.size();
    other[at] = static_cast<uint8_t>(other[at] + 1 + random() % 254);
    const auto lower = [](uint8_t octet) { return octet < 0x80 ? std::tolower(octet) : octet; };
    EXPECT_EQ(folds_to(other.data(), folded.bytes, folded.length), lower(other[at]) == lower(wire[at]));
  }
}

// Octets beside the letters keep their fifth bit.
TEST(Spelling, OnlyLetters) {
  for (unsigned octet = 0; octet < 256; ++octet) {
    const uint8_t typed[] = {1, static_cast<uint8_t>(octet), 0};
    uint8_t other[] = {1, static_cast<uint8_t>(octet ^ 0x20), 0};
    FoldedName folded;
    ASSERT_TRUE(parse_name(typed, folded));
    const bool letter = octet < 0x80 && std::isalpha(static_cast<int>(octet)) != 0;
    EXPECT_EQ(folds_to(other, folded.bytes, 3), letter) << octet;
  }
}

}  // namespace
}  // namespace penstock::dns
