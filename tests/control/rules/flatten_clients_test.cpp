// The ranges themselves; that lookups in them agree with the prefixes is tested with the dataplane's search.
#include "control/rules/flatten_clients.h"

#include <gtest/gtest.h>

namespace penstock::control {
namespace {

TEST(FlattenClients, Ranges) {
  struct Case {
    const char* description;
    std::vector<const char*> allow, deny;
    unsigned family;
    std::vector<ClientRange> ranges;
  };
  const Address128 half = Address128{1} << 127;
  const Case cases[] = {
      {"nobody", {}, {}, 4, {{0, false}}},
      {"everybody", {"0.0.0.0/0"}, {}, 4, {{0, true}}},
      {"one network", {"10.0.0.0/8"}, {}, 4, {{0, false}, {0x0a000000, true}, {0x0b000000, false}}},
      {"the other family is left out", {"10.0.0.0/8"}, {}, 6, {{0, false}}},
      {"to the end of the addresses", {"128.0.0.0/1"}, {}, 4, {{0, false}, {0x80000000, true}}},
      {"from the first address", {"0.0.0.0/1"}, {}, 4, {{0, true}, {0x80000000, false}}},
      {"neighbours become one",
       {"10.0.0.0/9", "10.128.0.0/9"},
       {},
       4,
       {{0, false}, {0x0a000000, true}, {0x0b000000, false}}},
      {"inside an equal verdict: nothing new",
       {"10.0.0.0/8", "10.1.0.0/16"},
       {},
       4,
       {{0, false}, {0x0a000000, true}, {0x0b000000, false}}},
      {"a hole at the start",
       {"10.0.0.0/8"},
       {"10.0.0.0/16"},
       4,
       {{0, false}, {0x0a010000, true}, {0x0b000000, false}}},
      {"a hole at the end",
       {"10.0.0.0/8"},
       {"10.255.0.0/16"},
       4,
       {{0, false}, {0x0a000000, true}, {0x0aff0000, false}}},
      {"equal: denied wins", {"10.0.0.0/8"}, {"10.0.0.0/8"}, 4, {{0, false}}},
      {"given twice", {"10.0.0.0/8", "10.0.0.0/8"}, {}, 4, {{0, false}, {0x0a000000, true}, {0x0b000000, false}}},
      {"v6 halves", {"8000::/1"}, {}, 6, {{0, false}, {half, true}}},
  };
  for (const Case& c : cases) {
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

}  // namespace
}  // namespace penstock::control
