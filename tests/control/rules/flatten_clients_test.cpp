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

}  // namespace
}  // namespace penstock::control
