// tests/dataplane/state/clients/client_network_test.cpp - whose an address is, and how much more a network may have than a host.
#include "dataplane/state/clients/client_network.h"

#include <gtest/gtest.h>

namespace penstock::state {
namespace {

std::string network(const char* address, ClientLevel level) {
  return to_string(network_of(config::parse_address(address).value(), level));
}

TEST(ClientNetwork, AnIPv6HostIsOneOfALanThatIsOneOfASite) {
  EXPECT_EQ(network("fd00:1:2:3ff:1:2:3:4", ClientLevel::host), "fd00:1:2:3ff:1:2:3:4/128");
  EXPECT_EQ(network("fd00:1:2:3ff:1:2:3:4", ClientLevel::network), "fd00:1:2:3ff::/64");
  EXPECT_EQ(network("fd00:1:2:3ff:1:2:3:4", ClientLevel::site), "fd00:1:2:300::/56");
  EXPECT_EQ(network("fd00:1:2:3ff:1:2:3:4", ClientLevel::vicinity), "fd00:1:2:300::/56");
}

TEST(ClientNetwork, AnIPv4AddressIsAClientAtEachLevel) {
  for (const ClientLevel level : kClientLevels) EXPECT_EQ(network("10.1.2.3", level), "10.1.2.3/32");
  EXPECT_EQ(network("10.1.2.3", ClientLevel::vicinity), "10.1.2.0/24") << "where its answers go";
}

TEST(ClientNetwork, WhatNetworksAreAlikeInAreTheWordsOfAKey) {
  const auto words = [](const char* address, ClientLevel level) {
    const config::IpAddress read = config::parse_address(address).value();
    return network_words(read.bytes, read.family, level);
  };
  EXPECT_NE(words("fd00::1", ClientLevel::host), words("fd00::2", ClientLevel::host));
  EXPECT_EQ(words("fd00::1", ClientLevel::network), words("fd00::2", ClientLevel::network));
  EXPECT_NE(words("fd00::1", ClientLevel::network), words("fd00:0:0:1::1", ClientLevel::network));
  EXPECT_EQ(words("fd00::1", ClientLevel::site), words("fd00:0:0:ff::1", ClientLevel::site));
  EXPECT_NE(words("fd00::1", ClientLevel::site), words("fd00:0:0:100::1", ClientLevel::site));
}

TEST(ClientNetwork, ANetworkMayHaveMoreThanAHostAndASiteMore) {
  EXPECT_EQ(allowance(ClientLevel::host, 1000), 1000U);
  EXPECT_EQ(allowance(ClientLevel::network, 1000), 4000U);
  EXPECT_EQ(allowance(ClientLevel::site, 1000), 16000U);
  EXPECT_EQ(allowance(ClientLevel::site, 0xffffffff), 0xffffffff) << "no more than a word holds";
}

}  // namespace
}  // namespace penstock::state
