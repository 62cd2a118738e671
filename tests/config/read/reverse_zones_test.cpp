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
      {"192.168.0.0/16", 1, "168.192.in-addr.arpa", "168.192.in-addr.arpa"},
      {"10.0.0.0/8", 1, "10.in-addr.arpa", "10.in-addr.arpa"},
      {"172.16.0.0/12", 16, "16.172.in-addr.arpa", "31.172.in-addr.arpa"},
      {"192.168.16.0/20", 16, "16.168.192.in-addr.arpa", "31.168.192.in-addr.arpa"},
      {"192.0.2.64/26", 64, "64.2.0.192.in-addr.arpa", "127.2.0.192.in-addr.arpa"},
      {"192.0.2.1/32", 1, "1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa"},
      {"128.0.0.0/1", 128, "128.in-addr.arpa", "255.in-addr.arpa"},
      {"0.0.0.0/0", 1, "in-addr.arpa", "in-addr.arpa"},
      {"fd00::/8", 1, "d.f.ip6.arpa", "d.f.ip6.arpa"},
      {"fc00::/7", 2, "c.f.ip6.arpa", "d.f.ip6.arpa"},
      {"2001:db8:8000::/33", 8, "8.8.b.d.0.1.0.0.2.ip6.arpa", "f.8.b.d.0.1.0.0.2.ip6.arpa"},
      {"::/0", 1, "ip6.arpa", "ip6.arpa"},
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
