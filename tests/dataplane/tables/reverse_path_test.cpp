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

const struct {
  const char* description;
  const char* source;
  uint16_t vlan;
  Mac from;
  bool passes;
} kSources[] = {
    {.description = "a host of the segment", .source = "192.168.10.20", .vlan = 0, .from = kDesk, .passes = true},
    {.description = "in its name", .source = "192.168.10.20", .vlan = 0, .from = kLaptop, .passes = false},
    {.description = "in its name, by the gateway",
     .source = "192.168.10.20",
     .vlan = 0,
     .from = kGateway,
     .passes = false},
    {.description = "the same over IPv6", .source = "fd00:10::20", .vlan = 0, .from = kDesk, .passes = true},
    {.description = "in its name over IPv6", .source = "fd00:10::20", .vlan = 0, .from = kLaptop, .passes = false},
    {.description = "a host of the segment that the kernel does not know",
     .source = "192.168.10.50",
     .vlan = 0,
     .from = kLaptop,
     .passes = true},
    {.description = "a host that has been seen under two MACs",
     .source = "192.168.10.30",
     .vlan = 0,
     .from = kStandby,
     .passes = true},
    {.description = "and under neither", .source = "192.168.10.30", .vlan = 0, .from = kLaptop, .passes = false},
    {.description = "a link-local address", .source = "fe80::66", .vlan = 0, .from = kLaptop, .passes = true},
    {.description = "a link-local address in a VLAN without networks",
     .source = "fe80::66",
     .vlan = 7,
     .from = kLaptop,
     .passes = true},
    {.description = "a link-local address that the kernel knows",
     .source = "fe80::20",
     .vlan = 0,
     .from = kLaptop,
     .passes = false},
    {.description = "from elsewhere, by the gateway",
     .source = "10.20.0.5",
     .vlan = 0,
     .from = kGateway,
     .passes = true},
    {.description = "from elsewhere, by the other gateway",
     .source = "10.20.0.5",
     .vlan = 0,
     .from = kStandby,
     .passes = true},
    {.description = "from elsewhere, by a host of the segment",
     .source = "10.20.0.5",
     .vlan = 0,
     .from = kLaptop,
     .passes = false},
    {.description = "from elsewhere over IPv6, by a host of the segment",
     .source = "fd20::5",
     .vlan = 0,
     .from = kLaptop,
     .passes = false},
    {.description = "the gateway itself", .source = "192.168.10.1", .vlan = 0, .from = kGateway, .passes = true},
    {.description = "from elsewhere in a VLAN, by the gateway of another",
     .source = "10.20.0.5",
     .vlan = 42,
     .from = kGateway,
     .passes = false},
    {.description = "a host of a VLAN", .source = "10.42.0.20", .vlan = 42, .from = kDesk, .passes = true},
    {.description = "in its name", .source = "10.42.0.20", .vlan = 42, .from = kLaptop, .passes = false},
    {.description = "an address of a VLAN, from the segment without a tag",
     .source = "10.42.0.50",
     .vlan = 0,
     .from = kLaptop,
     .passes = false},
    {.description = "an address of the segment without a tag, from a VLAN",
     .source = "192.168.10.50",
     .vlan = 42,
     .from = kLaptop,
     .passes = false},
};

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
  for (const auto& one : kSources)
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
