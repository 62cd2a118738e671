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
      {.prefix = "10.0.0.0/8", .address = "10.255.255.255", .is_inside = true},
      {.prefix = "10.0.0.0/8", .address = "11.0.0.0", .is_inside = false},
      {.prefix = "10.0.0.128/25", .address = "10.0.0.127", .is_inside = false},
      {.prefix = "10.0.0.128/25", .address = "10.0.0.128", .is_inside = true},
      {.prefix = "0.0.0.0/0", .address = "1.2.3.4", .is_inside = true},
      {.prefix = "0.0.0.0/0", .address = "::1", .is_inside = false},
      {.prefix = "::/0", .address = "1.2.3.4", .is_inside = false},
      {.prefix = "fd00::/8", .address = "fdff::1", .is_inside = true},
      {.prefix = "fd00::/8", .address = "fe00::1", .is_inside = false},
      {.prefix = "fd00::/127", .address = "fd00::1", .is_inside = true},
      {.prefix = "fd00::/127", .address = "fd00::2", .is_inside = false},
      {.prefix = "10.1.2.3/32", .address = "10.1.2.3", .is_inside = true},
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
      {.text = "0.0.0.0", .unspecified = true, .multicast = false, .loopback = false},
      {.text = "::", .unspecified = true, .multicast = false, .loopback = false},
      {.text = "224.0.0.1", .unspecified = false, .multicast = true, .loopback = false},
      {.text = "239.1.1.1", .unspecified = false, .multicast = true, .loopback = false},
      {.text = "255.255.255.255", .unspecified = false, .multicast = true, .loopback = false},
      {.text = "ff02::fb", .unspecified = false, .multicast = true, .loopback = false},
      {.text = "127.0.0.53", .unspecified = false, .multicast = false, .loopback = true},
      {.text = "::1", .unspecified = false, .multicast = false, .loopback = true},
      {.text = "10.0.0.1", .unspecified = false, .multicast = false, .loopback = false},
      {.text = "fd00::1", .unspecified = false, .multicast = false, .loopback = false},
      {.text = "223.255.255.255", .unspecified = false, .multicast = false, .loopback = false},
      {.text = "240.0.0.1", .unspecified = false, .multicast = false, .loopback = false},
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
