// tests/dataplane/dns/name_test.cpp - names from the wire: folded, their labels marked, nothing read past the end.
#include "dataplane/dns/name.h"

#include <gtest/gtest.h>

#include <cctype>
#include <memory>
#include <random>
#include <string>

#include "tests/support/frames.h"

namespace penstock::dns {
namespace {

using test::Bytes;

bool parse(const Bytes& wire, FoldedName& name) {
  // A heap block of the exact size: a sanitizer sees the first byte too far.
  const std::unique_ptr<uint8_t[]> block(new uint8_t[wire.size()]);
  std::copy(wire.begin(), wire.end(), block.get());
  return parse_name({block.get(), wire.size()}, name);
}

struct NameCase {
  const char* description;
  Bytes wire;
  bool valid;
  unsigned length = 0;
  unsigned labels = 0;
};

// Labels of `length` octets each, a last one of `last` if any, and the root if `whole`.
Bytes labels_of(unsigned count, uint8_t length, uint8_t last = 0, bool whole = true) {
  std::string wire;
  for (unsigned i = 0; i < count; ++i) wire += static_cast<char>(length) + std::string(length, 'x');
  if (last != 0) wire += static_cast<char>(last) + std::string(last, 'x');
  if (whole) wire += '\0';
  return Bytes(wire.begin(), wire.end());
}

TEST(ParseName, Table) {
  const NameCase cases[] = {
      {.description = "nothing", .wire = {}, .valid = false},
      {.description = "the root", .wire = {0}, .valid = true, .length = 1, .labels = 0},
      {.description = "the root, more behind", .wire = {0, 9, 9}, .valid = true, .length = 1, .labels = 0},
      {.description = "one label", .wire = {1, 'a', 0}, .valid = true, .length = 3, .labels = 1},
      {.description = "no root", .wire = {1, 'a'}, .valid = false},
      {.description = "a label cut short", .wire = {5, 'a', 'b'}, .valid = false},
      {.description = "a length and nothing", .wire = {1}, .valid = false},
      {.description = "63 octets", .wire = labels_of(1, 63), .valid = true, .length = 65, .labels = 1},
      {.description = "64 octets", .wire = labels_of(1, 64), .valid = false},
      {.description = "a pointer", .wire = {0xc0, 0x0c}, .valid = false},
      {.description = "a pointer behind a label", .wire = {1, 'a', 0xc0, 0x0c}, .valid = false},
      {.description = "type 01", .wire = {0x40, 0}, .valid = false},
      {.description = "type 10", .wire = {0x80, 0}, .valid = false},
      {.description = "255 octets", .wire = labels_of(3, 63, 61), .valid = true, .length = 255, .labels = 4},
      {.description = "256 octets", .wire = labels_of(3, 63, 62), .valid = false},
      {.description = "127 labels", .wire = labels_of(127, 1), .valid = true, .length = 255, .labels = 127},
      {.description = "128 labels", .wire = labels_of(128, 1), .valid = false},
      {.description = "254 octets without a root", .wire = labels_of(127, 1, 0, false), .valid = false},
  };
  for (const NameCase& c : cases) {
    FoldedName name;
    ASSERT_EQ(parse(c.wire, name), c.valid) << c.description;
    if (!c.valid) continue;
    EXPECT_EQ(name.length, c.length) << c.description;
    EXPECT_EQ(name.labels, c.labels) << c.description;
  }
}

TEST(ParseName, FoldsEveryOctetAsRfc4343) {
  for (unsigned octet = 0; octet < 256; ++octet) {
    const Bytes wire{2, static_cast<uint8_t>(octet), static_cast<uint8_t>(octet), 1, static_cast<uint8_t>(octet), 0};
    FoldedName name;
    ASSERT_TRUE(parse(wire, name));
    const auto folded = static_cast<uint8_t>(octet >= 'A' && octet <= 'Z' ? octet + 32 : octet);
    EXPECT_EQ(Bytes(name.bytes, name.bytes + 6), (Bytes{2, folded, folded, 1, folded, 0}));
    EXPECT_EQ(name.offsets[0], 0);
    EXPECT_EQ(name.offsets[1], 3);
    EXPECT_EQ(name.offsets[2], 5);
  }
}

// Against a reading of RFC 1035 section 3.1 that is as plain as can be.
TEST(ParseName, RandomBytesAgainstAPlainReading) {
  std::mt19937 random(1);
  unsigned valid = 0;
  for (int round = 0; round < 200'000; ++round) {
    Bytes wire;
    const unsigned size = random() % 300;
    while (wire.size() < size) {
      const uint8_t length =
          random() % 50 == 0 ? static_cast<uint8_t>(random()) : static_cast<uint8_t>(1 + random() % 20);
      wire.push_back(random() % 12 == 0 ? 0 : length);
      for (unsigned i = 0; i < wire.back() && i < 63; ++i) wire.push_back(static_cast<uint8_t>(random()));
    }
    wire.resize(size);

    std::vector<unsigned> offsets;
    size_t at = 0;
    bool good = false;
    while (at < wire.size() && at < 255) {
      offsets.push_back(static_cast<unsigned>(at));
      if (wire[at] == 0) {
        good = true;
        break;
      }
      if (wire[at] > 63) break;
      at += 1U + wire[at];
    }
    FoldedName name;
    ASSERT_EQ(parse(wire, name), good);
    if (!good) continue;
    ++valid;
    ASSERT_EQ(name.length, at + 1);
    ASSERT_EQ(name.labels, offsets.size() - 1);
    for (size_t i = 0; i < offsets.size(); ++i) ASSERT_EQ(name.offsets[i], offsets[i]);
  }
  EXPECT_GT(valid, 10'000U);
}

}  // namespace
}  // namespace penstock::dns
