// tests/dataplane/path/query/transfer_test.cpp - zone transfers: who may have one, and what the slow lane is given to relay.
#include <set>

#include "dataplane/state/lanes/stream_peer.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

constexpr unsigned kStream = 2;  // behind the rig's two cards
constexpr uint16_t kIxfr = 251, kAxfr = 252;
constexpr uint16_t kRefused = 5, kServfail = 2, kTc = 0x0200;
const char* const kSecondary = "192.168.20.7";
const char* const kOther = "192.168.10.20";
const Mac kConnection = state::StreamPeer{state::PeerKind::connection, 77, 3}.mac();
const Mac kDatagram = state::StreamPeer{state::PeerKind::datagram, 1, 0}.mac();

const char* const kRules = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86, "fd00::86"]
clients:
  allow: [192.168.0.0/16, "fd16::/16"]
  groups: {secondaries: {prefixes: [192.168.20.0/24, "fd16::/16"]}, lab: {prefixes: [192.168.30.0/24]}}
pools:
  ad: {kind: recursive, endpoints: [10.16.1.10, 10.16.2.10]}
  vpc: {kind: route53-inbound, endpoints: ["fd16::10"]}
  none: {kind: recursive, endpoints: [10.99.0.1]}
zones:
  - {zone: corp.example, pool: ad, transfers: [secondaries]}
  - {zone: closed.example, pool: ad}
  - {zone: private.example, pool: vpc, transfers: [secondaries]}
  - {zone: view.example, pool: ad, clients: [lab], transfers: [secondaries, lab]}
  - {zone: far.example, pool: none, transfers: [secondaries]}
default: {pool: ad}
)";

class TransferTest : public PathTest {
 protected:
  TransferTest() : PathTest({.rules = kRules, .cache_size = 1 << 20}) {
    rig.host.ports[kStream].mac = state::kStreamPortMac;
  }
  static Bytes query(const char* zone, uint16_t type = kAxfr, uint16_t flags = 0) {
    return write(DnsQuery{.id = 0x1234, .flags = flags, .question = {.name = zone, .type = type}, .opt = Opt{}});
  }
  static Bytes signed_query(const char* zone, uint16_t type) {
    Bytes bytes = write(DnsQuery{.id = 0x1234, .flags = 0, .question = {.name = zone, .type = type}, .opt = {}});
    put16(bytes, 10, 1);
    Bytes tsig = wire_name("key.example");
    for (const uint8_t octet : {0, 250, 0, 255, 0, 0, 0, 0, 0, 4, 1, 2, 3, 4}) tsig.push_back(octet);
    bytes.insert(bytes.end(), tsig.begin(), tsig.end());
    return bytes;
  }
  std::vector<Sent> ask(const Bytes& message, const char* client, const Mac& peer = kConnection) {
    Frame frame = from_client(message, client, client[0] == 'f' ? "fd00::86" : "192.168.10.86");
    frame.source_mac = peer;
    frame.destination_mac = state::kStreamPortMac;
    rte_mbuf* mbuf = rig.pool.take(write(frame), FramePool::kHeadroom, 65472);
    return rig.receive(kStream, {&mbuf, 1});
  }
  // REFUSED, SERVFAIL.
  void expect_error(const Bytes& message, const char* client, uint16_t rcode, const char* outcome) {
    const Frame back = only(ask(message, client), kStream);
    EXPECT_EQ(rig.verdict(), std::string("classify.query query.") + outcome);
    EXPECT_EQ(back.destination_mac, kConnection);
    EXPECT_EQ(get16(back.payload, 2) & 0xf, rcode);
  }
};

TEST_F(TransferTest, WhoMayHasTheSlowLaneRelayItFromOneEndpoint) {
  for (const uint16_t type : {kAxfr, kIxfr}) {
    for (const char* zone : {"corp.example", "Corp.Example", "private.example"}) {
      const Bytes message = query(zone, type);
      const Frame left = only(ask(message, kSecondary), kStream);
      EXPECT_EQ(rig.verdict(), "classify.query query.transferred");
      EXPECT_EQ(left.destination_mac, (state::StreamPeer{state::PeerKind::transfer, 77, 3}.mac()));
      const bool is_private = zone[0] == 'p';
      EXPECT_EQ(config::to_string(left.destination).find(is_private ? "fd16::" : "10.16."), 0U);
      EXPECT_EQ(config::to_string(left.source), is_private ? "fd00::86" : "192.168.10.86");
      EXPECT_EQ(left.source_port, 0);
      EXPECT_EQ(to_hex(left.payload), to_hex(message)) << "as it came";
      EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
    }
  }
}

TEST_F(TransferTest, NobodyElseAndNothingElse) {
  expect_error(query("corp.example"), kOther, kRefused, "refused_transfer");
  expect_error(query("corp.example"), "192.168.30.7", kRefused, "refused_transfer");
  expect_error(query("closed.example"), kSecondary, kRefused, "refused_transfer");
  expect_error(query("sub.corp.example"), kSecondary, kRefused, "refused_transfer");
  expect_error(query("example"), kSecondary, kRefused, "refused_transfer");
  expect_error(query("view.example"), kSecondary, kRefused, "refused_view");
  expect_error(signed_query("closed.example", kAxfr), kSecondary, kRefused, "refused_transfer");
  expect_error(signed_query("corp.example", kAxfr), kOther, kRefused, "refused_transfer");
  Bytes chaos = query("corp.example");
  put16(chaos, 12 + 14 + 2, 3);
  expect_error(chaos, kSecondary, kRefused, "refused_class");
  put16(chaos, 12 + 14 + 2, 255);
  expect_error(chaos, kSecondary, kRefused, "refused_transfer");
  only(ask(query("view.example"), "192.168.30.7"), kStream);
  EXPECT_EQ(rig.verdict(), "classify.query query.transferred");
}

TEST_F(TransferTest, WhatSpeaksAgainstAnyQueryDoesSoAgainstThis) {
  expect_error(query("far.example"), kSecondary, kServfail, "servfail_no_next_hop");
  expect_error(query("private.example"), "fd16::10", kRefused, "refused_loop");
}

TEST_F(TransferTest, SignedOnesOfAClientGoToOneServer) {
  std::set<std::string> asked, asked_signed;
  for (int i = 0; i < 40; ++i) {
    asked.insert(config::to_string(only(ask(query("corp.example"), kSecondary), kStream).destination));
    const Bytes message = signed_query("corp.example", kAxfr);
    const Frame left = only(ask(message, kSecondary), kStream);
    EXPECT_EQ(to_hex(left.payload), to_hex(message));
    asked_signed.insert(config::to_string(left.destination));
  }
  EXPECT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked_signed.size(), 1U);
}

// Nobody proves by UDP that he is who may have it.
TEST_F(TransferTest, OverUdp) {
  const auto over_udp = [&](const Bytes& message, const char* client) {
    return rig.receive(0, {write(from_client(message, client))});
  };
  EXPECT_EQ(get16(only(over_udp(query("corp.example", kAxfr), kSecondary), 0).payload, 2) & 0xf, kRefused);
  EXPECT_EQ(rig.verdict(), "classify.query query.refused_transfer");
  const Frame cut = only(over_udp(query("corp.example", kIxfr), kSecondary), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.truncated_transfer");
  EXPECT_EQ(get16(cut.payload, 2) & (kTc | 0xf), kTc);
  EXPECT_EQ(get16(cut.payload, 6), 0);
  EXPECT_EQ(get16(only(over_udp(query("corp.example", kIxfr), kOther), 0).payload, 2) & 0xf, kRefused);
  EXPECT_EQ(rig.verdict(), "classify.query query.refused_transfer");
  // What the kernel put together is UDP as well.
  EXPECT_EQ(get16(only(ask(query("corp.example"), kSecondary, kDatagram), kStream).payload, 2) & 0xf, kRefused);
  EXPECT_EQ(rig.verdict(), "classify.query query.refused_transfer");
  // The server says in one signed message how it is, and whether to ask over TCP (RFC 1995 section 2).
  const Frame left = only(over_udp(signed_query("corp.example", kIxfr), kSecondary), 1);
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
}

TEST_F(TransferTest, AnEndpointWithoutEdnsIsNamedAsOne) {
  rig.lcore().endpoints.no_edns.note_fails(config::EndpointSlot{0}, address("10.16.1.10").bytes, rig.now);
  rig.lcore().endpoints.no_edns.note_fails(config::EndpointSlot{1}, address("10.16.2.10").bytes, rig.now);
  EXPECT_EQ(only(ask(query("corp.example"), kSecondary), kStream).source_port, state::kTransferWithoutOpt);
}

}  // namespace
}  // namespace penstock::test
