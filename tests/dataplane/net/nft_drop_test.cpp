// tests/dataplane/net/nft_drop_test.cpp - the nft commands of an af_packet port; ports_test.py runs them for real.
#include "dataplane/net/nft_drop.h"

#include <gtest/gtest.h>

namespace penstock::net {
namespace {

config::IpAddress address(const char* text) {
  return config::parse_address(text).value();
}

TEST(NftCommands, DropOnlyWhatThePortTakes) {
  FilterRules rules;
  rules.listen = {address("10.0.0.1"), address("fd00::1"), address("10.0.0.2")};
  rules.source_ports = {16384, 16384};
  EXPECT_EQ(
      nft_commands("eth0.5-x", rules),
      "add table netdev penstock_eth0_5_x\n"
      "delete table netdev penstock_eth0_5_x\n"
      "table netdev penstock_eth0_5_x {\n"
      "  chain ingress {\n"
      "    type filter hook ingress device \"eth0.5-x\" priority -500; policy accept;\n"
      "    ip hdrlength 5 ip frag-off & 0x3fff == 0 ip protocol udp ip daddr { 10.0.0.1, 10.0.0.2 } udp dport 53 drop\n"
      "    ip6 nexthdr udp ip6 daddr { fd00::1 } udp dport 53 drop\n"
      "    ip hdrlength 5 ip frag-off & 0x3fff == 0 ip protocol udp udp sport 53 udp dport 16384-32767 drop\n"
      "    ip6 nexthdr udp udp sport 53 udp dport 16384-32767 drop\n"
      "  }\n"
      "}\n");
}

TEST(NftCommands, NothingIsOursWithoutRules) {
  const auto commands = nft_commands("eth0", {});
  EXPECT_EQ(commands.find("drop"), std::string::npos) << commands;
}

}  // namespace
}  // namespace penstock::net
