// tests/dataplane/path/frame/classify_test.cpp - whose frame is it: checksums, strangers, frames that contradict themselves.
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
    {"as it should be", nothing, "classify.query query.forwarded", "classify.query query.forwarded"},
    {"wrong UDP checksum", [](Frame& f) { f.udp_sum = UdpSum::wrong; }, "classify.bad_udp_checksum",
     "classify.bad_udp_checksum"},
    {"no UDP checksum", [](Frame& f) { f.udp_sum = UdpSum::zero; }, "classify.query query.forwarded",
     "classify.no_udp_checksum"},
    {"the pseudo-header's sum on a port with complete sums", [](Frame& f) { f.udp_sum = UdpSum::partial; },
     "classify.bad_udp_checksum", "classify.bad_udp_checksum"},
    {"wrong IPv4 checksum", [](Frame& f) { f.wrong_ip_sum = true; }, "classify.bad_ip_checksum",
     "classify.query query.forwarded"},
    {"first fragment of a query", [](Frame& f) { f.fragment = 0x2000; }, kStranger, ""},
    {"first fragment of a response",
     [](Frame& f) {
       f.fragment = 0x2000;
       f.source_port = 53;
       f.destination_port = PathRig::kFirstSourcePort;
     },
     "classify.fragment response.malformed", ""},
    {"later fragment of a response, by its look",
     [](Frame& f) {
       f.fragment = 0x2010;
       f.source_port = 53;
       f.destination_port = PathRig::kFirstSourcePort;
     },
     kStranger, ""},
    {"later fragment", [](Frame& f) { f.fragment = 0x0010; }, kStranger, ""},
    {"don't fragment", [](Frame& f) { f.fragment = 0x4000; }, "classify.query query.forwarded", ""},
    {"IPv4 options", [](Frame& f) { f.option_words = 1; }, kStranger, ""},
    {"40 octets of IPv4 options", [](Frame& f) { f.option_words = 10; }, kStranger, ""},
    {"IPv6 fragment header", [](Frame& f) { f.protocol = 44; }, "", kStranger},
    {"IPv6 hop-by-hop options", [](Frame& f) { f.protocol = 0; }, "", kStranger},
    {"TCP", [](Frame& f) { f.protocol = 6; }, kStranger, kStranger},
    {"ICMP", [](Frame& f) { f.protocol = 1; }, kStranger, kStranger},
    {"ICMPv6", [](Frame& f) { f.protocol = 58; }, kStranger, kStranger},
    {"another port", [](Frame& f) { f.destination_port = 5353; }, kStranger, kStranger},
    {"from port 53 to a port that is not ours",
     [](Frame& f) {
       f.source_port = 53;
       f.destination_port = 19999;
     },
     kStranger, kStranger},
    {"from port 53 to the last port that is ours and one more",
     [](Frame& f) {
       f.source_port = 53;
       f.destination_port = PathRig::kFirstSourcePort + PathRig::kSourcePortsPerLcore;
     },
     kStranger, kStranger},
    {"to a port of ours, not from port 53", [](Frame& f) { f.destination_port = PathRig::kFirstSourcePort; }, kStranger,
     kStranger},
    {"from port 53 to port 53 is a query", [](Frame& f) { f.source_port = 53; }, "classify.query query.forwarded",
     "classify.query query.forwarded"},
    {"another address", [](Frame& f) { f.destination = address(f.source.is_v4() ? "192.168.10.87" : "fd00::87"); },
     kStranger, kStranger},
    {"a wrong checksum for somebody else is not ours to judge",
     [](Frame& f) {
       f.destination = address(f.source.is_v4() ? "192.168.10.87" : "fd00::87");
       f.udp_sum = UdpSum::wrong;
     },
     kStranger, kStranger},
    {"IP length longer than the frame", [](Frame& f) { f.ip_length_error = 1; }, "classify.malformed",
     "classify.malformed"},
    {"IP length longer than the frame, made up by padding",
     [](Frame& f) {
       f.ip_length_error = 4;
       f.padding = 4;
     },
     "classify.query query.forwarded", "classify.query query.forwarded"},
    {"from a group's MAC: the answer would go to everybody",
     [](Frame& f) { f.source_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}; }, "classify.malformed", "classify.malformed"},
    {"in a broadcast frame", [](Frame& f) { f.destination_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff}; },
     "classify.malformed", "classify.malformed"},
    {"to another host's MAC", [](Frame& f) { f.destination_mac = mac(0x77); }, "classify.other_mac",
     "classify.other_mac"},
    {"to the MAC of a VRRP router that is another host", [](Frame& f) { f.destination_mac = {0, 0, 0x5e, 0, 1, 7}; },
     "classify.other_mac", "classify.other_mac"},
    {"to another host's MAC and address",
     [](Frame& f) {
       f.destination_mac = mac(0x77);
       f.destination = address(f.source.is_v4() ? "192.168.10.87" : "fd00::87");
     },
     kStranger, kStranger},
    {"a response to another host's MAC",
     [](Frame& f) {
       f.destination_mac = mac(0x77);
       f.source_port = 53;
       f.destination_port = PathRig::kFirstSourcePort;
     },
     "classify.other_mac", "classify.other_mac"},
    {"the first fragment of a response to another host's MAC",
     [](Frame& f) {
       f.destination_mac = mac(0x77);
       f.fragment = 0x2000;
       f.source_port = 53;
       f.destination_port = PathRig::kFirstSourcePort;
     },
     "classify.other_mac", ""},
    {"in a broadcast frame, for another address",
     [](Frame& f) {
       f.destination_mac = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
       f.destination = address(f.source.is_v4() ? "192.168.10.255" : "ff02::1");
     },
     kStranger, kStranger},
    {"UDP length one too long", [](Frame& f) { f.udp_length_error = 1; }, "classify.malformed", "classify.malformed"},
    {"UDP length below its header", [](Frame& f) { f.udp_length_error = 7 - 8 - static_cast<int>(f.payload.size()); },
     "classify.malformed", "classify.malformed"},
    {"UDP length 0 (a jumbogram's)", [](Frame& f) { f.udp_length_error = -8 - static_cast<int>(f.payload.size()); },
     "classify.malformed", "classify.malformed"},
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
  } cases[] = {{"192.168.10.20", mac(0xc1), true},
               {"192.168.10.20", mac(0x66), false},
               {"192.168.10.66", mac(0x66), true},
               {"192.168.20.5", mac(0x66), false},
               {"192.168.20.5", gateway, true}};
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
