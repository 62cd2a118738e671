#include "config/contract/address.h"

#include <gtest/gtest.h>

namespace penstock::config::test {
namespace {

TEST(Address, Parses) {
  const struct {
    const char* text;
    const char* canonical;  // empty: refused
  } cases[] = {
      {"10.16.1.10", "10.16.1.10"},
      {"0.0.0.0", "0.0.0.0"},
      {"255.255.255.255", "255.255.255.255"},
      {"fd00::1", "fd00::1"},
      {"FD00:0:0::1", "fd00::1"},
      {"::", "::"},
      {"::ffff:10.0.0.1", "::ffff:10.0.0.1"},
      {"", ""},
      {"10.16.1", ""},
      {"10.16.1.256", ""},
      {"010.16.1.10", ""},
      {"10.16.1.10:53", ""},
      {"10.16.1.10/32", ""},
      {" 10.16.1.10", ""},
      {"fe80::1%eth0", ""},
      {"[fd00::1]", ""},
      {"fd00::1::2", ""},
      {"dns.example", ""},
  };
  for (const auto& one : cases) {
    const auto address = parse_address(one.text);
    ASSERT_EQ(address.has_value(), *one.canonical != '\0') << one.text;
    if (address) {
      EXPECT_EQ(to_string(*address), one.canonical);
      EXPECT_EQ(parse_address(to_string(*address)), address);
    }
  }
  EXPECT_EQ(to_string(IpAddress{}), "none");
  EXPECT_TRUE(parse_address("10.16.1.10")->is_v4());
  EXPECT_TRUE(parse_address("::ffff:10.0.0.1")->is_v6());
}

TEST(Address, ParsesPrefixes) {
  const struct {
    const char* text;
    const char* canonical;
  } cases[] = {
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"10.1.2.3", "10.1.2.3/32"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"::/0", "::/0"},
      {"fd00::/8", "fd00::/8"},
      {"fd00::1", "fd00::1/128"},
      {"10.0.0.128/25", "10.0.0.128/25"},
      {"10.0.0.1/8", ""},
      {"10.0.0.0/33", ""},
      {"fd00::/129", ""},
      {"10.0.0.0/", ""},
      {"10.0.0.0/-1", ""},
      {"10.0.0.0/8x", ""},
      {"/8", ""},
      {"10.0.0.64/25", ""},
      {"10.0.0.0/+8", ""},
  };
  for (const auto& one : cases) {
    const auto prefix = parse_prefix(one.text);
    ASSERT_EQ(prefix.has_value(), *one.canonical != '\0') << one.text;
    if (prefix) {
      EXPECT_EQ(to_string(*prefix), one.canonical);
    }
  }
}

TEST(Address, PrefixesContain) {
  const struct {
    const char* prefix;
    const char* address;
    bool is_inside;
  } cases[] = {
      {"10.0.0.0/8", "10.255.255.255", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.0.0.128/25", "10.0.0.127", false},
      {"10.0.0.128/25", "10.0.0.128", true},
      {"0.0.0.0/0", "1.2.3.4", true},
      {"0.0.0.0/0", "::1", false},
      {"::/0", "1.2.3.4", false},
      {"fd00::/8", "fdff::1", true},
      {"fd00::/8", "fe00::1", false},
      {"fd00::/127", "fd00::1", true},
      {"fd00::/127", "fd00::2", false},
      {"10.1.2.3/32", "10.1.2.3", true},
  };
  for (const auto& one : cases)
    EXPECT_EQ(parse_prefix(one.prefix)->contains(*parse_address(one.address)), one.is_inside)
        << one.prefix << " " << one.address;
}

TEST(Address, KindsOfAddress) {
  const struct {
    const char* text;
    bool unspecified, multicast, loopback;
  } cases[] = {
      {"0.0.0.0", true, false, false},          {"::", true, false, false},
      {"224.0.0.1", false, true, false},        {"239.1.1.1", false, true, false},
      {"255.255.255.255", false, true, false},  {"ff02::fb", false, true, false},
      {"127.0.0.53", false, false, true},       {"::1", false, false, true},
      {"10.0.0.1", false, false, false},        {"fd00::1", false, false, false},
      {"223.255.255.255", false, false, false}, {"240.0.0.1", false, false, false},
  };
  for (const auto& one : cases) {
    const IpAddress address = *parse_address(one.text);
    EXPECT_EQ(is_unspecified(address), one.unspecified) << one.text;
    EXPECT_EQ(is_multicast(address), one.multicast) << one.text;
    EXPECT_EQ(is_loopback(address), one.loopback) << one.text;
  }
}

}  // namespace
}  // namespace penstock::config::test
