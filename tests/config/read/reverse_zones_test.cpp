#include "config/read/reverse_zones.h"

#include <gtest/gtest.h>

namespace penstock::config::test {
namespace {

TEST(ReverseZones, AreCutAtOctetsAndNibbles) {
  const struct {
    const char* prefix;
    size_t count;
    const char* first;
    const char* last;
  } cases[] = {
      {.prefix = "192.168.0.0/16", .count = 1, .first = "168.192.in-addr.arpa", .last = "168.192.in-addr.arpa"},
      {.prefix = "10.0.0.0/8", .count = 1, .first = "10.in-addr.arpa", .last = "10.in-addr.arpa"},
      {.prefix = "172.16.0.0/12", .count = 16, .first = "16.172.in-addr.arpa", .last = "31.172.in-addr.arpa"},
      {.prefix = "192.168.16.0/20", .count = 16, .first = "16.168.192.in-addr.arpa", .last = "31.168.192.in-addr.arpa"},
      {.prefix = "192.0.2.64/26", .count = 64, .first = "64.2.0.192.in-addr.arpa", .last = "127.2.0.192.in-addr.arpa"},
      {.prefix = "192.0.2.1/32", .count = 1, .first = "1.2.0.192.in-addr.arpa", .last = "1.2.0.192.in-addr.arpa"},
      {.prefix = "128.0.0.0/1", .count = 128, .first = "128.in-addr.arpa", .last = "255.in-addr.arpa"},
      {.prefix = "0.0.0.0/0", .count = 1, .first = "in-addr.arpa", .last = "in-addr.arpa"},
      {.prefix = "fd00::/8", .count = 1, .first = "d.f.ip6.arpa", .last = "d.f.ip6.arpa"},
      {.prefix = "fc00::/7", .count = 2, .first = "c.f.ip6.arpa", .last = "d.f.ip6.arpa"},
      {.prefix = "2001:db8:8000::/33",
       .count = 8,
       .first = "8.8.b.d.0.1.0.0.2.ip6.arpa",
       .last = "f.8.b.d.0.1.0.0.2.ip6.arpa"},
      {.prefix = "::/0", .count = 1, .first = "ip6.arpa", .last = "ip6.arpa"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.prefix);
    const auto zones = reverse_zones(*parse_prefix(one.prefix));
    ASSERT_EQ(zones.size(), one.count);
    EXPECT_EQ(to_text(zones.front()), one.first);
    EXPECT_EQ(to_text(zones.back()), one.last);
  }
  EXPECT_EQ(to_text(reverse_zones(*parse_prefix("::1/128")).front()),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa");
}

}  // namespace
}  // namespace penstock::config::test
