// tests/dataplane/tables/reverse_path_test.cpp - which source addresses a MAC of the segment may use.
#include "dataplane/tables/reverse_path.h"

#include <gtest/gtest.h>

namespace penstock::tables {
namespace {

using Mac = ReversePath::Mac;

constexpr Mac kGateway{2, 0, 0, 0, 0, 1};
constexpr Mac kStandby{2, 0, 0, 0, 0, 2};
constexpr Mac kDesk{2, 0, 0, 0, 0, 0x20};
constexpr Mac kLaptop{2, 0, 0, 0, 0, 0x66};

config::IpAddress ip(const char* text) {
  return config::parse_address(text).value();
}

TEST(ReversePath, WhoMayUseWhichAddress) {
  const ReversePath path(ReversePath::Parts{.on_link = {{0, *config::parse_prefix("192.168.10.0/24")},
                                                        {0, *config::parse_prefix("fd00:10::/64")},
                                                        {42, *config::parse_prefix("10.42.0.0/16")}},
                                            .neighbours = {{0, ip("192.168.10.20"), kDesk},
                                                           {0, ip("192.168.10.30"), kDesk},
                                                           {0, ip("192.168.10.30"), kStandby},
                                                           {0, ip("fd00:10::20"), kDesk},
                                                           {0, ip("fe80::20"), kDesk},
                                                           {0, ip("192.168.10.1"), kGateway},
                                                           {42, ip("10.42.0.20"), kDesk}},
                                            .gateways = {{0, kGateway}, {0, kStandby}}});
  const struct {
    const char* description;
    const char* source;
    uint16_t vlan;
    Mac from;
    bool passes;
  } cases[] = {
      {"a host of the segment", "192.168.10.20", 0, kDesk, true},
      {"in its name", "192.168.10.20", 0, kLaptop, false},
      {"in its name, by the gateway", "192.168.10.20", 0, kGateway, false},
      {"the same over IPv6", "fd00:10::20", 0, kDesk, true},
      {"in its name over IPv6", "fd00:10::20", 0, kLaptop, false},
      {"a host of the segment that the kernel does not know", "192.168.10.50", 0, kLaptop, true},
      {"a host that has been seen under two MACs", "192.168.10.30", 0, kStandby, true},
      {"and under neither", "192.168.10.30", 0, kLaptop, false},
      {"a link-local address", "fe80::66", 0, kLaptop, true},
      {"a link-local address in a VLAN without networks", "fe80::66", 7, kLaptop, true},
      {"a link-local address that the kernel knows", "fe80::20", 0, kLaptop, false},
      {"from elsewhere, by the gateway", "10.20.0.5", 0, kGateway, true},
      {"from elsewhere, by the other gateway", "10.20.0.5", 0, kStandby, true},
      {"from elsewhere, by a host of the segment", "10.20.0.5", 0, kLaptop, false},
      {"from elsewhere over IPv6, by a host of the segment", "fd20::5", 0, kLaptop, false},
      {"the gateway itself", "192.168.10.1", 0, kGateway, true},
      {"from elsewhere in a VLAN, by the gateway of another", "10.20.0.5", 42, kGateway, false},
      {"a host of a VLAN", "10.42.0.20", 42, kDesk, true},
      {"in its name", "10.42.0.20", 42, kLaptop, false},
      {"an address of a VLAN, from the segment without a tag", "10.42.0.50", 0, kLaptop, false},
      {"an address of the segment without a tag, from a VLAN", "192.168.10.50", 42, kLaptop, false},
  };
  for (const auto& one : cases)
    EXPECT_EQ(path.admits(ip(one.source), one.vlan, one.from), one.passes) << one.description << ": " << one.source;
}

TEST(ReversePath, NothingKnownLetsNothingRoutedIn) {
  const ReversePath path(
      ReversePath::Parts{.on_link = {{0, *config::parse_prefix("192.168.10.0/24")}}, .neighbours = {}, .gateways = {}});
  EXPECT_TRUE(path.admits(ip("192.168.10.20"), 0, kLaptop));
  EXPECT_FALSE(path.admits(ip("10.20.0.5"), 0, kGateway));
}

}  // namespace
}  // namespace penstock::tables
