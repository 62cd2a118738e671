// tests/dataplane/path/frame/classify_test.cpp - whose frame is it: checksums, strangers, frames that contradict themselves.
// Long because most of it is one table of frames.
#include <functional>

#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

const std::string kStranger = "classify.stranger door.left_to_kernel";

struct FrameCase {
  const char* description;
  std::function<void(Frame&)> change;
  std::string v4;  // verdict
  std::string v6;
};

void nothing(Frame&) {}

const FrameCase kFrames[] = {
    {.description = "as it should be",
     .change = nothing,
     .v4 = "classify.query query.forwarded",
     .v6 = "classify.query query.forwarded"},
    {.description = "wrong UDP checksum",
     .change = [](Frame& f) { f.udp_sum = UdpSum::wrong; },
     .v4 = "classify.bad_udp_checksum",
     .v6 = "classify.bad_udp_checksum"},
    {.description = "no UDP checksum",
     .change = [](Frame& f) { f.udp_sum = UdpSum::zero; },
     .v4 = "classify.query query.forwarded",
     .v6 = "classify.no_udp_checksum"},
    {.description = "the pseudo-header's sum on a port with complete sums",
     .change = [](Frame& f) { f.udp_sum = UdpSum::partial; },
     .v4 = "classify.bad_udp_checksum",
     .v6 = "classify.bad_udp_checksum"},
    {.description = "wrong IPv4 checksum",
     .change = [](Frame& f) { f.wrong_ip_sum = true; },
     .v4 = "classify.bad_ip_checksum",
     .v6 = "classify.query query.forwarded"},
    {.description = "first fragment of a query",
     .change = [](Frame& f) { f.fragment = 0x2000; },
     .v4 = kStranger,
     .v6 = ""},
    {.description = "first fragment of a response",
     .change =
         [](Frame& f) {
           f.fragment = 0x2000;
           f.source_port = 53;
           f.destination_port = PathRig::kFirstSourcePort;
         },
     .v4 = "classify.fragment response.malformed",
     .v6 = ""},
    {.description = "later fragment of a response, by its look",
     .change =
         [](Frame& f) {
           f.fragment = 0x2010;
           f.source_port = 53;
           f.destination_port = PathRig::kFirstSourcePort;
         },
     .v4 = kStranger,
     .v6 = ""},
    {.description = "later fragment", .change = [](Frame& f) { f.fragment = 0x0010; }, .v4 = kStranger, .v6 = ""},
    {.description = "don't fragment",
     .change = [](Frame& f) { f.fragment = 0x4000; },
     .v4 = "classify.query query.forwarded",
     .v6 = ""},
    {.description = "IPv4 options", .change = [](Frame& f) { f.option_words = 1; }, .v4 = kStranger, .v6 = ""},
    {.description = "40 octets of IPv4 options",
     .change = [](Frame& f) { f.option_words = 10; },
     .v4 = kStranger,
     .v6 = ""},
    {.description = "IPv6 fragment header", .change = [](Frame& f) { f.protocol = 44; }, .v4 = "", .v6 = kStranger},
    {.description = "IPv6 hop-by-hop options", .change = [](Frame& f) { f.protocol = 0; }, .v4 = "", .v6 = kStranger},
    {.description = "TCP", .change = [](Frame& f) { f.protocol = 6; }, .v4 = kStranger, .v6 = kStranger},
    {.description = "ICMP", .change = [](Frame& f) { f.protocol = 1; }, .v4 = kStranger, .v6 = kStranger},
    {.description = "ICMPv6", .change = [](Frame& f) { f.protocol = 58; }, .v4 = kStranger, .v6 = kStranger},
    {.description = "another port",
     .change = [](Frame& f) { f.destination_port = 5353; },
     .v4 = kStranger,
     .v6 = kStranger},
    {.description = "from port 53 to a port that is not ours",
     .change =
         [](Frame& f) {
           f.source_port = 53;
           f.destination_port = 19999;
         },
     .v4 = kStranger,
     .v6 = kStranger},
    {.description = "from port 53 to the last port that is ours and one more",
     .change =
         [](Frame& f) {
           f.source_port = 53;
           f.destination_port = PathRig::kFirstSourcePort + PathRig::kSourcePortsPerLcore;
         },
     .v4 = kStranger,
     .v6 = kStranger},
    {.description = "to a port of ours, not from port 53",
     .change = [](Frame& f) { f.destination_port = PathRig::kFirstSourcePort; },
     .v4 = kStranger,
     .v6 = kStranger},
    {.description = "from port 53 to port 53 is a query",
     .change = [](Frame& f) { f.source_port = 53; },
     .v4 = "classify.query query.forwarded",
     .v6 = "classify.query query.forwarded"},
    {.description = "another address",
     .change = [](Frame& f) { f.destination = address(f.source.is_v4() ? "192.168.10.87" : "fd00::87"); },
     .v4 = kStranger,
     .v6 = kStranger},
    {.description = "a wrong checksum for somebody else is not ours to judge",
     .change =
         [](Frame& f) {
           f.destination = address(f.source.is_v4() ? "192.168.10.87" : "fd00::87");
           f.udp_sum = UdpSum::wrong;
         },
     .v4 = kStranger,
     .v6 = kStranger},
    {.description = "IP length longer than the frame",
     .change = [](Frame& f) { f.ip_length_error = 1; },
     .v4 = "classify.malformed",
     .v6 = "classify.malformed"},
    {.description = "IP length longer than the frame, made up by padding",
     .change =
         [](Frame& f) {
           f.ip_length_error = 4;
           f.padding = 4;
         },
     .v4 = "classify.query query.forwarded",
     .v6 = "classify.query query.forwarded"},
    {.description = "from a group's MAC: the answer would go to everybody",
     .change = [](Frame& f) { f.source_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}; },
     .v4 = "classify.malformed",
     .v6 = "classify.malformed"},
    {.description = "in a broadcast frame",
     .change = [](Frame& f) { f.destination_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}; },
     .v4 = "classify.malformed",
     .v6 = "classify.malformed"},
    {.description = "to another host's MAC",
     .change = [](Frame& f) { f.destination_mac = mac(0x77); },
     .v4 = "classify.other_mac",
     .v6 = "classify.other_mac"},
    {.description = "to the MAC of a VRRP router that is another host",
     .change = [](Frame& f) { f.destination_mac = {0, 0, 0x5e, 0, 1, 7}; },
     .v4 = "classify.other_mac",
     .v6 = "classify.other_mac"},
    {.description = "to another host's MAC and address",
     .change =
         [](Frame& f) {
           f.destination_mac = mac(0x77);
           f.destination = address(f.source.is_v4() ? "192.168.10.87" : "fd00::87");
         },
     .v4 = kStranger,
     .v6 = kStranger},
    {.description = "a response to another host's MAC",
     .change =
         [](Frame& f) {
           f.destination_mac = mac(0x77);
           f.source_port = 53;
           f.destination_port = PathRig::kFirstSourcePort;
         },
     .v4 = "classify.other_mac",
     .v6 = "classify.other_mac"},
    {.description = "the first fragment of a response to another host's MAC",
     .change =
         [](Frame& f) {
           f.destination_mac = mac(0x77);
           f.fragment = 0x2000;
           f.source_port = 53;
           f.destination_port = PathRig::kFirstSourcePort;
         },
     .v4 = "classify.other_mac",
     .v6 = ""},
    {.description = "in a broadcast frame, for another address",
     .change =
         [](Frame& f) {
           f.destination_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
           f.destination = address(f.source.is_v4() ? "192.168.10.255" : "ff02::1");
         },
     .v4 = kStranger,
     .v6 = kStranger},
    {.description = "UDP length one too long",
     .change = [](Frame& f) { f.udp_length_error = 1; },
     .v4 = "classify.malformed",
     .v6 = "classify.malformed"},
    {.description = "UDP length below its header",
     .change = [](Frame& f) { f.udp_length_error = 7 - 8 - static_cast<int>(f.payload.size()); },
     .v4 = "classify.malformed",
     .v6 = "classify.malformed"},
    {.description = "UDP length 0 (a jumbogram's)",
     .change = [](Frame& f) { f.udp_length_error = -8 - static_cast<int>(f.payload.size()); },
     .v4 = "classify.malformed",
     .v6 = "classify.malformed"},
};

using ClassifyTest = PathTest;

TEST_F(ClassifyTest, Frames) {
  unsigned number = 0;
  for (const FrameCase& c : kFrames) {
    for (const bool v6 : {false, true}) {
      const std::string& expected = v6 ? c.v6 : c.v4;
      if (expected.empty()) continue;
      for (const bool tagged : {false, true}) {
        SCOPED_TRACE(std::string(c.description) + (v6 ? ", IPv6" : ", IPv4") + (tagged ? ", tagged" : ""));
        Frame frame = v6 ? from_client(write(studio_query(++number)), "fd00::20", "fd00::86")
                         : from_client(write(studio_query(++number)));
        if (tagged) frame.vlan = 42;
        c.change(frame);
        rig.receive(0, {write(frame)});
        EXPECT_EQ(rig.verdict(), expected);
      }
    }
  }
}

TEST_F(ClassifyTest, PartialSumsAreAcceptedWhereThePortSaysSo) {
  rig.host.ports[0].accepts_partial_checksum = true;
  for (const char* client : {"192.168.10.20", "fd00::20"}) {
    Frame frame = from_client(write(studio_query()), client, client[0] == 'f' ? "fd00::86" : "192.168.10.86");
    frame.udp_sum = UdpSum::partial;
    // What leaves is complete: only() verifies it.
    const Frame left = forward(frame);
    EXPECT_EQ(rig.verdict(), "checksum_partial classify.query query.forwarded");
    Frame response = answer_to_query(left);
    response.udp_sum = UdpSum::partial;
    EXPECT_TRUE(rig.receive(1, {write(response)}).empty());
    EXPECT_EQ(rig.verdict(), "classify.bad_udp_checksum");
    only(rig.receive(0, {write(response)}), 0);
    EXPECT_EQ(rig.verdict(), "checksum_partial classify.response response.returned");
    frame.udp_sum = UdpSum::wrong;
    EXPECT_TRUE(rig.receive(0, {write(frame)}).empty());
    EXPECT_EQ(rig.verdict(), "classify.bad_udp_checksum");
  }
}

// Every length of a whole query's frame: no length is read past its end (a sanitizer looks on), none is lost or answered.
TEST_F(ClassifyTest, CutShortAtEveryLength) {
  for (const char* client : {"192.168.10.20", "fd00::20"}) {
    for (const bool tagged : {false, true}) {
      Frame frame = from_client(write(studio_query()), client, client[0] == 'f' ? "fd00::86" : "192.168.10.86");
      if (tagged) frame.vlan = 42;
      const Bytes whole = write(frame);
      for (size_t length = 0; length < whole.size(); ++length) {
        rte_mbuf* cut = rig.pool.take({whole.data(), length}, 64, static_cast<uint16_t>(64 + length));
        EXPECT_TRUE(rig.receive(0, {&cut, 1}).empty());
        EXPECT_EQ(rig.verdict(), "classify.malformed") << length;
      }
    }
  }
}

TEST_F(ClassifyTest, OtherEtherTypes) {
  Bytes frame = write(from_client(write(studio_query())));
  for (const unsigned type : {0x0806U, 0x88ccU, 0x0026U, 0x88a8U, 0x9100U}) {
    put16(frame, 12, static_cast<uint16_t>(type));
    EXPECT_TRUE(rig.receive(0, {frame}).empty());
    EXPECT_EQ(rig.verdict(), kStranger);
  }
  // Two tags: the inner one is the kernel's business.
  Frame tagged = from_client(write(studio_query()));
  tagged.vlan = 42;
  frame = write(tagged);
  put16(frame, 16, 0x8100);
  EXPECT_TRUE(rig.receive(0, {frame}).empty());
  EXPECT_EQ(rig.verdict(), kStranger);
}

TEST_F(ClassifyTest, IpVersionThatContradictsTheEtherType) {
  Bytes frame = write(from_client(write(studio_query())));
  for (const unsigned first : {0x55U, 0x44U, 0x40U, 0x65U}) {
    frame[14] = static_cast<uint8_t>(first);
    EXPECT_TRUE(rig.receive(0, {frame}).empty());
    EXPECT_EQ(rig.verdict(), "classify.malformed") << first;
  }
}

TEST_F(ClassifyTest, OwnEcho) {
  rig.host.ports[0].sees_own_frames = true;
  Frame frame = from_client(write(studio_query()));
  frame.source_mac = mac(0xa0);
  EXPECT_TRUE(rig.receive(0, {write(frame)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.own_echo");
  // Another port does not echo: the sender's MAC is no reason to drop.
  EXPECT_EQ(rig.receive(1, {write(frame)}).size(), 1U);
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
}

TEST_F(ClassifyTest, OnlyVlansThatAreServed) {
  tables::LocalPort& port = rig.host.ports[0];
  port.vlans = {};
  port.vlans.set(0);
  port.vlans.set(42);
  unsigned number = 0;
  const std::string served = "classify.query query.forwarded";
  const struct {
    std::optional<uint16_t> tci;
    std::string verdict;
  } cases[] = {{{}, served},
               {0, served},
               {0xa000, served},  // priorities alone
               {42, served},
               {0xa02a, served},
               {66, "classify.other_vlan"},
               {0xa042, "classify.other_vlan"},
               {43, "classify.other_vlan"},
               {0xfff, "classify.other_vlan"}};
  for (const auto& one : cases) {
    Frame frame = from_client(write(studio_query(++number)));
    frame.vlan = one.tci;
    rig.receive(0, {write(frame)});
    EXPECT_EQ(rig.verdict(), one.verdict) << one.tci.value_or(0);
  }
}

TEST_F(ClassifyTest, ASourceOnlyUnderTheMacThatItBelongsBehind) {
  const Mac gateway = mac(0xfe);
  rig.host.ports[0].reverse_path = std::make_shared<tables::ReversePath>(
      tables::ReversePath::Parts{.on_link = {{0, *config::parse_prefix("192.168.10.0/24")}},
                                 .neighbours = {{0, address("192.168.10.20"), mac(0xc1)}},
                                 .gateways = {{0, gateway}}});
  unsigned number = 0;
  const struct {
    const char* source;
    Mac from;
    bool passes;
  } cases[] = {{.source = "192.168.10.20", .from = mac(0xc1), .passes = true},
               {.source = "192.168.10.20", .from = mac(0x66), .passes = false},
               {.source = "192.168.10.66", .from = mac(0x66), .passes = true},
               {.source = "192.168.20.5", .from = mac(0x66), .passes = false},
               {.source = "192.168.20.5", .from = gateway, .passes = true}};
  for (const auto& one : cases) {
    Frame frame = from_client(write(studio_query(++number)), one.source);
    frame.source_mac = one.from;
    rig.receive(0, {write(frame)});
    EXPECT_EQ(rig.verdict(), one.passes ? "classify.query query.forwarded" : "classify.other_path") << one.source;
  }
  // An endpoint's answer is known by what was asked, not by where it comes from.
  Frame left = only(rig.receive(0, {write(from_client(write(studio_query(99))))}), 1);
  Frame answer = answer_to_query(left);
  answer.source_mac = mac(0x66);
  rig.receive(0, {write(answer)});
  EXPECT_NE(rig.verdict().find("response.returned"), std::string::npos);
}

// A VRRP router's MAC comes and goes with its address.
TEST_F(ClassifyTest, EveryMacOfThePortIsOurs) {
  tables::LocalPort& port = rig.host.ports[0];
  port.mac = mac(0xb0);
  port.more_macs = {Mac{0, 0, 0x5e, 0, 1, 7}, mac(0xb1)};
  port.more_mac_count = 2;
  unsigned number = 0;
  for (const Mac& to : {mac(0xb0), Mac{0, 0, 0x5e, 0, 1, 7}, mac(0xb1), mac(0xa0)}) {
    Frame frame = from_client(write(studio_query(++number)));
    frame.destination_mac = to;
    rig.receive(0, {write(frame)});
    EXPECT_EQ(rig.verdict(), to == mac(0xa0) ? "classify.other_mac" : "classify.query query.forwarded");
  }
  port.more_mac_count = 0;
  Frame frame = from_client(write(studio_query(++number)));
  frame.destination_mac = mac(0xb1);
  EXPECT_TRUE(rig.receive(0, {write(frame)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.other_mac");
}

// What was asked of an address before it went is answered from it.
TEST_F(ClassifyTest, AnAddressThatIsGoneIsNotAnsweredButAnswersWhatItWasAsked) {
  const Frame left = forward(from_client(write(studio_query())));
  rig.host.retire_listen(0);
  EXPECT_TRUE(rig.receive(0, {write(from_client(write(studio_query(2))))}).empty());
  EXPECT_EQ(rig.verdict(), "classify.query classify.stranger door.left_to_kernel query.forwarded");
  const Frame answer = only(rig.receive(1, {write(answer_to_query(left))}), 0);
  EXPECT_EQ(config::to_string(answer.source), "192.168.10.86");
  rig.host.reuse_listen(0, address("192.168.10.99"));
  forward(from_client(write(studio_query(3)), "192.168.10.20", "192.168.10.99"));
  rig.verdict();
}

TEST_F(ClassifyTest, StrangersGoThroughTheDoorAsTheyCame) {
  rig.host.ports[0].has_door = true;
  Frame stranger = from_client(write(studio_query()));
  stranger.protocol = 6;
  stranger.vlan = 7;
  stranger.padding = 5;
  const Bytes bytes = write(stranger);
  EXPECT_TRUE(rig.receive(0, {bytes}).empty());
  EXPECT_EQ(rig.verdict(), "classify.stranger door.to_kernel");
  uintptr_t item = 0;
  ASSERT_EQ(rig.rings->ring(0, rig.rings->main_thread()).pop(&item, 1), 1U);
  EXPECT_FALSE(state::is_egress(item));
  rte_mbuf* frame = state::frame_of(item);
  EXPECT_EQ(frame->port, 0);
  const auto* start = static_cast<const uint8_t*>(frame->buf_addr) + frame->data_off;
  EXPECT_EQ(to_hex({start, frame->data_len}), to_hex(bytes));
  rig.pool.give_back(frame);
}

TEST_F(ClassifyTest, AFullDoorIsCounted) {
  rig.host.ports[0].has_door = true;
  Frame stranger = from_client({});
  stranger.protocol = 1;
  for (int i = 0; i < 1030; ++i) EXPECT_TRUE(rig.receive(0, {write(stranger)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.stranger=1030 door.full=6 door.to_kernel=1024");
}

TEST_F(ClassifyTest, AChainOfSegmentsIsAStranger) {
  rte_mbuf* frame = rig.pool.take(write(from_client(write(studio_query()))));
  frame->nb_segs = 2;
  EXPECT_TRUE(rig.receive(0, {&frame, 1}).empty());
  EXPECT_EQ(rig.verdict(), kStranger);
}

// Checksums that come out as all ones or zero: every id once, so that each value of the sum occurs.
TEST_F(ClassifyTest, EveryChecksumValue) {
  DnsQuery query = studio_query();
  query.question.name = "x.blocked.example";
  for (unsigned id = 0; id < 0x10000; id += 32) {
    std::vector<Bytes> burst;
    for (unsigned i = 0; i < 32; ++i) {
      query.id = static_cast<uint16_t>(id + i);
      burst.push_back(write(from_client(write(query))));
    }
    for (const Sent& sent : rig.receive(0, burst)) {
      const auto answer = read(sent.bytes);
      ASSERT_TRUE(answer.has_value()) << answer.error();
    }
  }
  EXPECT_EQ(rig.verdict(), "classify.query=65536 query.answered_nxdomain=65536");
}

}  // namespace
}  // namespace penstock::test
