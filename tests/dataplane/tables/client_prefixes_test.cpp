#include "dataplane/tables/client_prefixes.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "dataplane/tables/ruleset.h"
#include "tests/dataplane/tables/sample_model.h"

namespace penstock::tables {
namespace {

using config::Clients;
using config::IpAddress;
using config::IpPrefix;

bool look_up(const Clients& clients, const std::vector<IpAddress>& addresses, std::vector<ClientEntry>& answers) {
  config::Model model = test::sample_model();
  model.clients = clients;
  const auto compiled = control::compile(model, 1, test::slots_in_order());
  if (!compiled) return false;
  const auto rules = Ruleset::open(compiled->image);
  if (!rules) return false;
  answers.clear();
  for (const auto& address : addresses) answers.push_back(rules->clients().look_up(address));
  return true;
}

struct PrefixCase {
  const char* description;
  std::vector<const char*> allow, deny;
  const char* address;
  bool expected;
};
const PrefixCase kPrefixCases[] = {
    {.description = "nothing is allowed", .allow = {}, .deny = {}, .address = "10.0.0.1", .expected = false},
    {.description = "inside", .allow = {"10.0.0.0/8"}, .deny = {}, .address = "10.0.0.1", .expected = true},
    {.description = "first address", .allow = {"10.0.0.0/8"}, .deny = {}, .address = "10.0.0.0", .expected = true},
    {.description = "last address", .allow = {"10.0.0.0/8"}, .deny = {}, .address = "10.255.255.255", .expected = true},
    {.description = "one below", .allow = {"10.0.0.0/8"}, .deny = {}, .address = "9.255.255.255", .expected = false},
    {.description = "one above", .allow = {"10.0.0.0/8"}, .deny = {}, .address = "11.0.0.0", .expected = false},
    {.description = "everything", .allow = {"0.0.0.0/0"}, .deny = {}, .address = "0.0.0.0", .expected = true},
    {.description = "everything, to the end",
     .allow = {"0.0.0.0/0"},
     .deny = {},
     .address = "255.255.255.255",
     .expected = true},
    {.description = "v4 is not v6", .allow = {"0.0.0.0/0"}, .deny = {}, .address = "::", .expected = false},
    {.description = "v6 is not v4", .allow = {"::/0"}, .deny = {}, .address = "10.0.0.1", .expected = false},
    {.description = "v6, to the end",
     .allow = {"::/0"},
     .deny = {},
     .address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     .expected = true},
    {.description = "v6 inside", .allow = {"fd00::/8"}, .deny = {}, .address = "fdff::1", .expected = true},
    {.description = "v6 outside", .allow = {"fd00::/8"}, .deny = {}, .address = "fe00::", .expected = false},
    {.description = "v6 host", .allow = {"fd00::1/128"}, .deny = {}, .address = "fd00::1", .expected = true},
    {.description = "v6 beside the host",
     .allow = {"fd00::1/128"},
     .deny = {},
     .address = "fd00::2",
     .expected = false},
    {.description = "the border of the halves",
     .allow = {"fd00::/64"},
     .deny = {},
     .address = "fd00:0:0:1::",
     .expected = false},
    {.description = "denied inside allowed",
     .allow = {"10.0.0.0/8"},
     .deny = {"10.9.0.0/16"},
     .address = "10.9.1.1",
     .expected = false},
    {.description = "behind the denied",
     .allow = {"10.0.0.0/8"},
     .deny = {"10.9.0.0/16"},
     .address = "10.10.0.0",
     .expected = true},
    {.description = "allowed inside denied inside allowed",
     .allow = {"10.0.0.0/8", "10.9.9.0/24"},
     .deny = {"10.9.0.0/16"},
     .address = "10.9.9.9",
     .expected = true},
    {.description = "equal: denied wins",
     .allow = {"10.9.0.0/16"},
     .deny = {"10.9.0.0/16"},
     .address = "10.9.0.1",
     .expected = false},
    {.description = "neighbours",
     .allow = {"10.0.0.0/9", "10.128.0.0/9"},
     .deny = {},
     .address = "10.128.0.0",
     .expected = true},
    {.description = "one host of all that are denied",
     .allow = {"10.0.0.1/32"},
     .deny = {"0.0.0.0/0"},
     .address = "10.0.0.1",
     .expected = true},
    {.description = "and the one behind it",
     .allow = {"10.0.0.1/32"},
     .deny = {"0.0.0.0/0"},
     .address = "10.0.0.2",
     .expected = false},
    {.description = "the last address of all",
     .allow = {"0.0.0.0/0"},
     .deny = {"255.255.255.255/32"},
     .address = "255.255.255.255",
     .expected = false},
    {.description = "the last but one",
     .allow = {"0.0.0.0/0"},
     .deny = {"255.255.255.255/32"},
     .address = "255.255.255.254",
     .expected = true},
    {.description = "the first address of all",
     .allow = {"0.0.0.0/0"},
     .deny = {"0.0.0.0/32"},
     .address = "0.0.0.0",
     .expected = false},
    {.description = "the second",
     .allow = {"0.0.0.0/0"},
     .deny = {"0.0.0.0/32"},
     .address = "0.0.0.1",
     .expected = true},
    {.description = "one host of all of v6",
     .allow = {"::/0"},
     .deny = {"fd00::1/128"},
     .address = "fd00::1",
     .expected = false},
    {.description = "the last of v6",
     .allow = {"::/0"},
     .deny = {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128"},
     .address = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     .expected = false},
    {.description = "v6, behind a host",
     .allow = {"::/0"},
     .deny = {"fd00::ffff:ffff:ffff:ffff/128"},
     .address = "fd00:0:0:1::",
     .expected = true},
    {.description = "v4 in v6's form is not v4",
     .allow = {"10.0.0.0/8"},
     .deny = {},
     .address = "::ffff:10.0.0.1",
     .expected = false},
    {.description = "nor the other way round", .allow = {"::/0"}, .deny = {}, .address = "10.0.0.1", .expected = false},
    {.description = "denied as v4, asked as v6",
     .allow = {"::/0"},
     .deny = {"10.0.0.0/8"},
     .address = "::ffff:10.0.0.1",
     .expected = true},
};

TEST(ClientPrefixes, Cases) {
  for (const PrefixCase& c : kPrefixCases) {
    Clients clients;
    for (const auto* text : c.allow) clients.allow.push_back(*config::parse_prefix(text));
    for (const auto* text : c.deny) clients.deny.push_back(*config::parse_prefix(text));
    std::vector<ClientEntry> answers;
    ASSERT_TRUE(look_up(clients, {*config::parse_address(c.address)}, answers)) << c.description;
    EXPECT_EQ(answers[0].allowed, c.expected) << c.description;
  }
}

TEST(ClientPrefixes, AnAddressOfNoFamily) {
  Clients everyone;
  everyone.allow = {*config::parse_prefix("0.0.0.0/0"), *config::parse_prefix("::/0")};
  std::vector<ClientEntry> answers;
  ASSERT_TRUE(look_up(everyone, {IpAddress{}}, answers));
  EXPECT_FALSE(answers[0].allowed);
}

// The second opinion walks the prefixes as written.
IpAddress nested_address(std::mt19937_64& random, uint8_t family) {
  IpAddress address;
  address.family = family;
  // Few distinct octets, so that prefixes nest.
  for (unsigned i = 0; i < (family == 4 ? 4U : 16U); ++i) {
    const uint8_t octets[] = {0, 0, 1, 128, 255};
    address.bytes[i] = octets[random() % 5];
  }
  return address;
}

IpPrefix nested_prefix(std::mt19937_64& random) {
  const uint8_t family = random() % 2 == 0 ? 4 : 6;
  IpPrefix prefix{nested_address(random, family), static_cast<uint8_t>(random() % (family == 4 ? 33 : 129))};
  for (unsigned bit = prefix.length; bit < 128; ++bit)
    prefix.address.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80U >> bit % 8));
  return prefix;
}

TEST(ClientPrefixes, AgreesWithTheListOfPrefixes) {
  std::mt19937_64 random(7);
  size_t allowed_count = 0;
  size_t asked_count = 0;
  size_t in_group_count = 0;
  size_t denied_in_group_count = 0;
  for (int round = 0; round < 500; ++round) {
    Clients clients;
    for (size_t n = random() % 20; n > 0; --n) clients.allow.push_back(nested_prefix(random));
    for (size_t n = random() % 10; n > 0; --n) clients.deny.push_back(nested_prefix(random));
    for (size_t n = random() % 6; n > 0; --n) {
      config::ClientGroup& group = clients.groups.emplace_back();
      for (size_t m = random() % 4; m > 0; --m) group.prefixes.push_back(nested_prefix(random));
    }
    std::vector<IpAddress> asked;
    for (int i = 0; i < 100; ++i) asked.push_back(nested_address(random, i % 2 == 0 ? 4 : 6));
    std::vector<ClientEntry> answers;
    ASSERT_TRUE(look_up(clients, asked, answers));
    for (size_t i = 0; i < asked.size(); ++i) {
      int longest_allow = -1, longest_deny = -1;
      for (const auto& prefix : clients.allow)
        if (prefix.contains(asked[i])) longest_allow = std::max<int>(longest_allow, prefix.length);
      for (const auto& prefix : clients.deny)
        if (prefix.contains(asked[i])) longest_deny = std::max<int>(longest_deny, prefix.length);
      ASSERT_EQ(answers[i].allowed, longest_allow > longest_deny) << config::to_string(asked[i]);
      allowed_count += answers[i].allowed ? 1 : 0;
      // Of two groups with the same prefix, which the reader refuses, the first.
      int longest_member = -1;
      uint16_t group = 0;
      for (size_t g = 0; g < clients.groups.size(); ++g)
        for (const auto& prefix : clients.groups[g].prefixes)
          if (prefix.contains(asked[i]) && prefix.length > longest_member) {
            longest_member = prefix.length;
            group = static_cast<uint16_t>(g + 1);
          }
      ASSERT_EQ(answers[i].group, group) << config::to_string(asked[i]);
      in_group_count += group != 0 ? 1 : 0;
      denied_in_group_count += group != 0 && !answers[i].allowed ? 1 : 0;
      ++asked_count;
    }
  }
  EXPECT_GT(allowed_count, asked_count / 10);
  EXPECT_LT(allowed_count, asked_count);
  EXPECT_GT(in_group_count, asked_count / 10);
  EXPECT_GT(denied_in_group_count, 100U);
}

IpPrefix cut(const IpAddress& address, unsigned length) {
  IpPrefix prefix{address, static_cast<uint8_t>(length)};
  for (unsigned bit = length; bit < 128; ++bit)
    prefix.address.bytes[bit / 8] &= static_cast<uint8_t>(~(0x80U >> bit % 8));
  return prefix;
}

// Ten thousand prefixes, as a company's networks lie: of all lengths, in a few large blocks, and nested. The second opinion is a
// map of them that is asked for every length, the longest first.
TEST(ClientPrefixes, TenThousandPrefixes) {
  std::mt19937_64 random(11);
  const auto random_address = [&](uint8_t family) {
    IpAddress address;
    address.family = family;
    for (unsigned i = 0; i < (family == 4 ? 4U : 16U); ++i) address.bytes[i] = static_cast<uint8_t>(random());
    address.bytes[0] = family == 4 ? (random() % 4 == 0 ? 172 : 10) : 0xfd;
    if (family == 6)  // few sites
      for (unsigned i = 1; i < 6; ++i) address.bytes[i] = static_cast<uint8_t>(i < 5 ? 0 : random() % 16);
    return address;
  };
  Clients clients;
  clients.allow = {*config::parse_prefix("10.0.0.0/8"), *config::parse_prefix("fd00::/8")};
  std::map<std::tuple<uint8_t, unsigned, std::array<uint8_t, 16>>, bool> verdicts;  // false: denied
  for (const IpPrefix& prefix : clients.allow)
    verdicts[{prefix.address.family, prefix.length, prefix.address.bytes}] = true;
  std::vector<IpAddress> asked;
  while (verdicts.size() < 10'000) {
    const uint8_t family = random() % 2 == 0 ? 4 : 6;
    const IpAddress inside =
        !asked.empty() && random() % 4 == 0 ? asked[random() % asked.size()] : random_address(family);
    const IpPrefix prefix = cut(inside, inside.is_v4() ? 9 + random() % 24 : 17 + random() % 112);
    const bool is_allowed = random() % 2 == 0;
    if (!verdicts.try_emplace({prefix.address.family, prefix.length, prefix.address.bytes}, is_allowed).second)
      continue;
    (is_allowed ? clients.allow : clients.deny).push_back(prefix);
    // What lies just inside and just outside both of its ends.
    IpAddress last = prefix.address;
    for (unsigned bit = prefix.length; bit < (prefix.address.is_v4() ? 32U : 128U); ++bit)
      last.bytes[bit / 8] |= static_cast<uint8_t>(0x80U >> bit % 8);
    const auto step = [](IpAddress address, int by) {
      for (int i = address.is_v4() ? 3 : 15; i >= 0; --i) {
        const auto at = static_cast<size_t>(i);
        address.bytes[at] = static_cast<uint8_t>(address.bytes[at] + by);
        if (address.bytes[at] != (by > 0 ? 0 : 255)) break;
      }
      return address;
    };
    asked.insert(asked.end(), {prefix.address, last, step(prefix.address, -1), step(last, 1)});
  }
  for (unsigned i = 0; i < 20'000; ++i) asked.push_back(random_address(i % 2 == 0 ? 4 : 6));
  std::vector<ClientEntry> answers;
  ASSERT_TRUE(look_up(clients, asked, answers));
  size_t allowed = 0;
  for (size_t i = 0; i < asked.size(); ++i) {
    bool expected = false;
    for (unsigned length = asked[i].is_v4() ? 32 : 128;; --length) {
      const IpPrefix prefix = cut(asked[i], length);
      if (const auto found = verdicts.find({asked[i].family, length, prefix.address.bytes}); found != verdicts.end()) {
        expected = found->second;
        break;
      }
      if (length == 0) break;
    }
    ASSERT_EQ(answers[i].allowed, expected) << config::to_string(asked[i]);
    allowed += expected ? 1 : 0;
  }
  EXPECT_GT(allowed, asked.size() / 5);
  EXPECT_LT(allowed, asked.size() * 4 / 5);
}

// Ten thousand prefixes of two hundred groups, nested in each other and equal to none, beside exemptions: against all of them in turn.
TEST(ClientPrefixes, TenThousandPrefixesOfGroups) {
  std::mt19937_64 random(13);
  const auto random_address = [&](uint8_t family) {
    IpAddress address{{}, family};
    // Few values an octet: the prefixes overlap.
    for (unsigned i = 0; i < (family == 4 ? 4U : 16U); ++i) address.bytes[i] = static_cast<uint8_t>(random() % 12 * 23);
    return address;
  };
  Clients clients;
  clients.allow = {*config::parse_prefix("0.0.0.0/0"), *config::parse_prefix("::/0")};
  clients.groups.resize(200);
  std::set<IpPrefix> taken;
  while (taken.size() < 10'000) {
    const uint8_t family = random() % 2 == 0 ? 4 : 6;
    const IpPrefix prefix = cut(random_address(family), random() % (family == 4 ? 33 : 129));
    if (!taken.insert(prefix).second) continue;
    clients.groups[random() % 200].prefixes.push_back(prefix);
    if (random() % 50 == 0) clients.rate_exempt.push_back(prefix);
  }
  std::vector<IpAddress> asked;
  for (unsigned i = 0; i < 400; ++i) asked.push_back(random_address(i % 2 == 0 ? 4 : 6));
  std::vector<ClientEntry> answers;
  ASSERT_TRUE(look_up(clients, asked, answers));
  size_t long_ones = 0;
  size_t exempt = 0;
  for (size_t i = 0; i < asked.size(); ++i) {
    int longest = -1;
    uint16_t group = 0;
    for (size_t g = 0; g < clients.groups.size(); ++g)
      for (const IpPrefix& prefix : clients.groups[g].prefixes)
        if (prefix.length > longest && prefix.contains(asked[i])) {
          longest = prefix.length;
          group = static_cast<uint16_t>(g + 1);
        }
    const bool is_exempt = std::any_of(clients.rate_exempt.begin(), clients.rate_exempt.end(),
                                       [&](const IpPrefix& prefix) { return prefix.contains(asked[i]); });
    ASSERT_EQ(answers[i].group, group) << config::to_string(asked[i]);
    ASSERT_EQ(answers[i].is_exempt, is_exempt) << config::to_string(asked[i]);
    long_ones += longest > 8 ? 1 : 0;
    exempt += is_exempt ? 1 : 0;
  }
  EXPECT_GT(long_ones, asked.size() / 4);
  EXPECT_GT(exempt, asked.size() / 20);
  EXPECT_LT(exempt, asked.size());
}

}  // namespace
}  // namespace penstock::tables
