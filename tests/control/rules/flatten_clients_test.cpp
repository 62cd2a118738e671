// The ranges themselves; that lookups in them agree with the prefixes is tested with the dataplane's search.
#include "control/rules/flatten_clients.h"

#include <gtest/gtest.h>

#include <random>

namespace penstock::control {
namespace {

struct RangeCase {
  const char* description;
  std::vector<const char*> allow, deny;
  unsigned family;
  std::vector<ClientRange> ranges;
};
const Address128 kHalf = Address128{1} << 127;
const RangeCase kRanges[] = {
    {.description = "nobody", .allow = {}, .deny = {}, .family = 4, .ranges = {{0, false}}},
    {.description = "everybody", .allow = {"0.0.0.0/0"}, .deny = {}, .family = 4, .ranges = {{0, true}}},
    {.description = "one network",
     .allow = {"10.0.0.0/8"},
     .deny = {},
     .family = 4,
     .ranges = {{0, false}, {0x0a000000, true}, {0x0b000000, false}}},
    {.description = "the other family is left out",
     .allow = {"10.0.0.0/8"},
     .deny = {},
     .family = 6,
     .ranges = {{0, false}}},
    {.description = "to the end of the addresses",
     .allow = {"128.0.0.0/1"},
     .deny = {},
     .family = 4,
     .ranges = {{0, false}, {0x80000000, true}}},
    {.description = "from the first address",
     .allow = {"0.0.0.0/1"},
     .deny = {},
     .family = 4,
     .ranges = {{0, true}, {0x80000000, false}}},
    {.description = "neighbours become one",
     .allow = {"10.0.0.0/9", "10.128.0.0/9"},
     .deny = {},
     .family = 4,
     .ranges = {{0, false}, {0x0a000000, true}, {0x0b000000, false}}},
    {.description = "inside an equal verdict: nothing new",
     .allow = {"10.0.0.0/8", "10.1.0.0/16"},
     .deny = {},
     .family = 4,
     .ranges = {{0, false}, {0x0a000000, true}, {0x0b000000, false}}},
    {.description = "a hole at the start",
     .allow = {"10.0.0.0/8"},
     .deny = {"10.0.0.0/16"},
     .family = 4,
     .ranges = {{0, false}, {0x0a010000, true}, {0x0b000000, false}}},
    {.description = "a hole at the end",
     .allow = {"10.0.0.0/8"},
     .deny = {"10.255.0.0/16"},
     .family = 4,
     .ranges = {{0, false}, {0x0a000000, true}, {0x0aff0000, false}}},
    {.description = "equal: denied wins",
     .allow = {"10.0.0.0/8"},
     .deny = {"10.0.0.0/8"},
     .family = 4,
     .ranges = {{0, false}}},
    {.description = "given twice",
     .allow = {"10.0.0.0/8", "10.0.0.0/8"},
     .deny = {},
     .family = 4,
     .ranges = {{0, false}, {0x0a000000, true}, {0x0b000000, false}}},
    {.description = "v6 halves", .allow = {"8000::/1"}, .deny = {}, .family = 6, .ranges = {{0, false}, {kHalf, true}}},
};

TEST(FlattenClients, Ranges) {
  for (const RangeCase& c : kRanges) {
    config::Clients clients;
    for (const auto* text : c.allow) clients.allow.push_back(*config::parse_prefix(text));
    for (const auto* text : c.deny) clients.deny.push_back(*config::parse_prefix(text));
    EXPECT_TRUE(flatten_clients(clients, c.family) == c.ranges) << c.description;
  }
}

TEST(FlattenClients, Groups) {
  config::Clients clients;
  clients.allow = {*config::parse_prefix("10.0.0.0/8")};
  clients.groups.resize(2);
  clients.groups[0].prefixes = {*config::parse_prefix("10.1.0.0/16"), *config::parse_prefix("fd00::/8")};
  clients.groups[1].prefixes = {*config::parse_prefix("10.1.2.0/24"), *config::parse_prefix("192.168.0.0/16")};
  const std::vector<ClientRange> v4 = {{0, false, 0},          {0x0a000000, true, 0},  {0x0a010000, true, 1},
                                       {0x0a010200, true, 2},  {0x0a010300, true, 1},  {0x0a020000, true, 0},
                                       {0x0b000000, false, 0}, {0xc0a80000, false, 2}, {0xc0a90000, false, 0}};
  EXPECT_TRUE(flatten_clients(clients, 4) == v4);
  const std::vector<ClientRange> v6 = {
      {0, false, 0}, {Address128{0xfd} << 120, false, 1}, {Address128{0xfe} << 120, false, 0}};
  EXPECT_TRUE(flatten_clients(clients, 6) == v6);
}

TEST(FlattenClients, Snoopers) {
  config::Clients clients;
  clients.allow = {*config::parse_prefix("10.0.0.0/8")};
  clients.allow_snoop = {*config::parse_prefix("10.1.0.0/16"), *config::parse_prefix("10.1.2.0/24"),
                         *config::parse_prefix("192.168.0.0/16")};
  clients.groups.resize(1);
  clients.groups[0].prefixes = {*config::parse_prefix("10.1.0.0/17")};
  const std::vector<ClientRange> v4 = {{0, false, 0, false},         {0x0a000000, true, 0, false},
                                       {0x0a010000, true, 1, true},  {0x0a018000, true, 0, true},
                                       {0x0a020000, true, 0, false}, {0x0b000000, false, 0, false},
                                       {0xc0a80000, false, 0, true}, {0xc0a90000, false, 0, false}};
  EXPECT_TRUE(flatten_clients(clients, 4) == v4);
  EXPECT_TRUE(flatten_clients(clients, 6) == (std::vector<ClientRange>{{0, false, 0, false}}));
}

// Each address by itself: the longest prefix that holds it.
ClientRange by_longest_prefix(const config::Clients& clients, const config::IpAddress& address) {
  const auto longest = [&](const std::vector<config::IpPrefix>& prefixes) {
    int length = -1;
    for (const auto& prefix : prefixes) {
      if (prefix.address.family != address.family) continue;
      bool holds = true;
      for (unsigned bit = 0; bit < prefix.length; ++bit)
        holds = holds && ((prefix.address.bytes[bit / 8] ^ address.bytes[bit / 8]) >> (7 - bit % 8) & 1) == 0;
      if (holds) length = std::max<int>(length, prefix.length);
    }
    return length;
  };
  ClientRange range;
  range.allowed = longest(clients.allow) > longest(clients.deny);
  range.may_snoop = longest(clients.allow_snoop) >= 0;
  int best = -1;
  for (size_t i = 0; i < clients.groups.size(); ++i)
    if (const int length = longest(clients.groups[i].prefixes); length > best) {
      best = length;
      range.group = static_cast<uint16_t>(i + 1);
    }
  return range;
}

TEST(FlattenClients, AgreesWithTheLongestPrefix) {
  std::mt19937 random(7);
  size_t snoopers = 0;
  for (int round = 0; round < 300; ++round) {
    const unsigned family = round % 2 == 0 ? 4 : 6;
    // Few different bits, near each other: prefixes that nest, touch and are equal.
    const auto address = [&] {
      config::IpAddress made;
      made.family = static_cast<uint8_t>(family);
      made.bytes[0] = static_cast<uint8_t>(random() % 4 == 0 ? 0xff : 10);
      made.bytes[1] = static_cast<uint8_t>(random() % 4 * 85);
      return made;
    };
    const auto prefixes = [&](size_t most) {
      std::vector<config::IpPrefix> list(random() % (most + 1));
      for (auto& prefix : list) {
        prefix = {address(), static_cast<uint8_t>(random() % 17)};
        for (unsigned bit = prefix.length; bit < 128; ++bit)
          prefix.address.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80U >> bit % 8));
      }
      return list;
    };
    config::Clients clients;
    clients.allow = prefixes(6);
    clients.deny = prefixes(4);
    clients.allow_snoop = prefixes(5);
    clients.groups.resize(random() % 4);
    for (auto& group : clients.groups) group.prefixes = prefixes(3);
    const auto ranges = flatten_clients(clients, family);
    ASSERT_EQ(ranges[0].start, Address128{0});
    // Prefixes have 16 bits at most: these are all the addresses that may differ.
    size_t at = 0;
    for (unsigned high = 0; high < 65536; ++high) {
      config::IpAddress asked;
      asked.family = static_cast<uint8_t>(family);
      asked.bytes[0] = static_cast<uint8_t>(high >> 8);
      asked.bytes[1] = static_cast<uint8_t>(high);
      const Address128 number = Address128{high} << (family == 4 ? 16 : 112);
      while (at + 1 < ranges.size() && ranges[at + 1].start <= number) ++at;
      // Naively, but not for each of many equal neighbours.
      if (high % 17 != 0 && ranges[at].start != number) continue;
      ClientRange expected = by_longest_prefix(clients, asked);
      expected.start = ranges[at].start;
      ASSERT_TRUE(ranges[at] == expected) << config::to_string(asked) << " in round " << round;
      snoopers += expected.may_snoop ? 1 : 0;
    }
    for (size_t i = 1; i < ranges.size(); ++i) {
      ASSERT_GT(ranges[i].start, ranges[i - 1].start);
      ClientRange moved = ranges[i];
      moved.start = ranges[i - 1].start;
      ASSERT_FALSE(moved == ranges[i - 1]) << "neighbours differ";
    }
  }
  EXPECT_GT(snoopers, 1000U);
}

}  // namespace
}  // namespace penstock::control
