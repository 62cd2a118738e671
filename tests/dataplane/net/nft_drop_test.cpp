// tests/dataplane/net/nft_drop_test.cpp - the nft commands of an af_packet port; ports_test.py runs them for real.
#include "dataplane/net/filter/nft_drop.h"

#include <gtest/gtest.h>

namespace penstock::net {
namespace {

config::IpAddress address(const char* text) {
  return config::parse_address(text).value();
}

TEST(NftCommands, DropOnlyWhatThePortTakes) {
  FilterRules rules;
  rules.listen = {address("10.0.0.1"), address("fd00::1"), address("10.0.0.2")};
  rules.endpoints = {address("10.0.1.1"), address("10.0.1.2"), address("fd01::1")};
  rules.source_ports = {16384, 16384};
  rules.macs = {{2, 0, 0, 0, 0, 0x1a}, {0, 0, 0x5e, 0, 1, 7}};
  EXPECT_EQ(
      nft_commands("eth0.5-x", rules, NftTable::anybody),
      "add table netdev penstock_eth0_5_x\n"
      "delete table netdev penstock_eth0_5_x\n"
      "table netdev penstock_eth0_5_x {\n"
      "  flags owner\n"
      "  chain ingress {\n"
      "    type filter hook ingress device \"eth0.5-x\" priority -500; policy accept;\n"
      "    ether daddr & 01:00:00:00:00:00 == 0 ether daddr != { 02:00:00:00:00:1a, 00:00:5e:00:01:07 } accept\n"
      "    ip hdrlength 5 ip frag-off & 0x3fff == 0 ip protocol udp ip daddr { 10.0.0.1, 10.0.0.2 } udp dport 53 drop\n"
      "    ip6 nexthdr udp ip6 daddr { fd00::1 } udp dport 53 drop\n"
      "    ip frag-off & 0x1fff == 0 ip protocol udp ip saddr { 10.0.1.1, 10.0.1.2 } udp sport 53 udp dport "
      "16384-32767 "
      "drop\n"
      "    meta protocol ip6 meta l4proto udp ip6 saddr { fd01::1 } udp sport 53 udp dport 16384-32767 drop\n"
      "  }\n"
      "}\n");
}

// The kernel refuses to take the flag off our own table, and to put it on somebody else's.
TEST(NftCommands, NameTheOwnerOnlyOfOurOwnTable) {
  EXPECT_TRUE(nft_commands("eth0", {}, NftTable::anybody).starts_with("add table netdev penstock_eth0\n"));
  EXPECT_TRUE(
      nft_commands("eth0", {}, NftTable::ours).starts_with("add table netdev penstock_eth0 { flags owner; }\n"));
}

TEST(NftCommands, ResponsesAreOursOnlyFromEndpoints) {
  FilterRules rules;
  rules.source_ports = {16384, 16384};
  const auto none = nft_commands("eth0", rules, NftTable::ours);
  EXPECT_EQ(none.find("drop"), std::string::npos) << none;
  rules.endpoints = {address("fd01::1")};
  const auto one = nft_commands("eth0", rules, NftTable::ours);
  EXPECT_EQ(one.find("ip saddr"), std::string::npos) << one;
  EXPECT_NE(one.find("ip6 saddr { fd01::1 }"), std::string::npos) << one;
}

TEST(NftCommands, NothingIsOursWithoutRules) {
  const auto commands = nft_commands("eth0", {}, NftTable::anybody);
  EXPECT_EQ(commands.find("drop"), std::string::npos) << commands;
}

}  // namespace
}  // namespace penstock::net
