// tests/dataplane/capture/frame_filter_test.cpp - which frames a capture takes.
#include "dataplane/capture/frame_filter.h"

#include <gtest/gtest.h>

#include <random>

#include "config/contract/name.h"
#include "tests/support/frames.h"

namespace penstock::capture {
namespace {

using test::address;

// "mac" 1 is ours. Queries for a name from a client to us, and so on: who is at the other end, and which way.
enum class Way : uint8_t { from_client, to_client, to_endpoint, from_endpoint };

struct Asked {
  const char* client = "";
  const char* endpoint = "";
  const char* name = "";
  bool clients = true;
  bool endpoints = true;
};

config::CaptureRequest request_of(const Asked& asked) {
  config::CaptureRequest request;
  request.clients = asked.clients ? 1 : 0;
  request.endpoints = asked.endpoints ? 1 : 0;
  if (*asked.client != '\0') {
    const config::IpPrefix prefix = config::parse_prefix(asked.client).value();
    request.client = prefix.address.bytes;
    request.client_family = prefix.address.family;
    request.client_length = prefix.length;
  }
  if (*asked.endpoint != '\0')
    request.endpoint[request.endpoint_count++] = {address(asked.endpoint).bytes, address(asked.endpoint).family};
  if (*asked.name != '\0') {
    const std::string name = config::parse_name(asked.name).value();
    request.name_length = static_cast<uint8_t>(name.size());
    name.copy(request.name.data(), request.name.size());
  }
  return request;
}

const tables::LocalHost& host() {
  static const tables::LocalHost one = [] {
    tables::LocalHost made;
    made.port_count = 2;
    for (auto& port : made.ports) port.mac = test::mac(1);
    made.ports[1].sees_own_frames = true;
    made.add_listen(address("192.168.10.86"));
    made.add_listen(address("fd00::86"));
    made.deal_source_ports(16384, 1024, 2);
    return made;
  }();
  return one;
}

test::Frame frame_of(Way way, const char* other, const char* name) {
  const bool is_v6 = std::string_view(other).find(':') != std::string_view::npos;
  const bool comes = way == Way::from_client || way == Way::from_endpoint;
  const bool is_client = way == Way::from_client || way == Way::to_client;
  test::Frame frame;
  frame.source = address(comes ? other : is_v6 ? "fd00::86" : "192.168.10.86");
  frame.destination = address(comes ? is_v6 ? "fd00::86" : "192.168.10.86" : other);
  const uint16_t ours = is_client ? 53 : 16400;
  const uint16_t theirs = is_client ? 40000 : 53;
  frame.source_port = comes ? theirs : ours;
  frame.destination_port = comes ? ours : theirs;
  frame.source_mac = test::mac(comes ? 9 : 1);
  frame.destination_mac = test::mac(comes ? 1 : 9);
  test::DnsQuery query;
  query.question.name = name;
  frame.payload = write(query);
  return frame;
}

bool passes(const Asked& asked, Way way, const test::Frame& frame, uint8_t port = 0) {
  const test::Bytes bytes = write(frame);
  const bool comes = way == Way::from_client || way == Way::from_endpoint;
  return FrameFilter(request_of(asked)).passes(bytes, comes ? Direction::received : Direction::sent, port, host());
}

struct FilterCase {
  const char* description;
  Asked asked;
  Way way;
  const char* other;
  const char* name;
  bool is_taken;
};
const FilterCase kFilterCases[] = {
    {.description = "a query",
     .asked = {},
     .way = Way::from_client,
     .other = "10.1.2.3",
     .name = "a.example",
     .is_taken = true},
    {.description = "an answer",
     .asked = {},
     .way = Way::to_client,
     .other = "10.1.2.3",
     .name = "a.example",
     .is_taken = true},
    {.description = "forwarded",
     .asked = {},
     .way = Way::to_endpoint,
     .other = "10.16.1.10",
     .name = "a.example",
     .is_taken = true},
    {.description = "a response",
     .asked = {},
     .way = Way::from_endpoint,
     .other = "10.16.1.10",
     .name = "a.example",
     .is_taken = true},
    {.description = "IPv6",
     .asked = {},
     .way = Way::from_client,
     .other = "fd00::9",
     .name = "a.example",
     .is_taken = true},
    {.description = "clients only: client",
     .asked = {.endpoints = false},
     .way = Way::to_client,
     .other = "10.1.2.3",
     .name = "a",
     .is_taken = true},
    {.description = "clients only: endpoint",
     .asked = {.endpoints = false},
     .way = Way::to_endpoint,
     .other = "10.16.1.10",
     .name = "a",
     .is_taken = false},
    {.description = "endpoints only: client",
     .asked = {.clients = false},
     .way = Way::from_client,
     .other = "10.1.2.3",
     .name = "a",
     .is_taken = false},
    {.description = "the client",
     .asked = {.client = "10.1.2.3/32"},
     .way = Way::to_client,
     .other = "10.1.2.3",
     .name = "a",
     .is_taken = true},
    {.description = "beside its network",
     .asked = {.client = "10.0.0.0/15"},
     .way = Way::from_client,
     .other = "10.2.0.3",
     .name = "a",
     .is_taken = false},
    {.description = "in its network",
     .asked = {.client = "10.0.0.0/15"},
     .way = Way::from_client,
     .other = "10.1.255.3",
     .name = "a",
     .is_taken = true},
    {.description = "another family",
     .asked = {.client = "::/0"},
     .way = Way::from_client,
     .other = "10.1.2.3",
     .name = "a",
     .is_taken = false},
    {.description = "an IPv6 network",
     .asked = {.client = "fd00::/64"},
     .way = Way::from_client,
     .other = "fd00::9",
     .name = "a",
     .is_taken = true},
    {.description = "the endpoint",
     .asked = {.endpoint = "10.16.1.10"},
     .way = Way::from_endpoint,
     .other = "10.16.1.10",
     .name = "a",
     .is_taken = true},
    {.description = "another endpoint",
     .asked = {.endpoint = "10.16.1.10"},
     .way = Way::to_endpoint,
     .other = "10.16.2.10",
     .name = "a",
     .is_taken = false},
    {.description = "the name",
     .asked = {.name = "b.example"},
     .way = Way::from_client,
     .other = "10.1.2.3",
     .name = "B.eXample",
     .is_taken = true},
    {.description = "below the name",
     .asked = {.name = "b.example"},
     .way = Way::from_endpoint,
     .other = "10.16.1.10",
     .name = "a.b.example",
     .is_taken = true},
    {.description = "ends in the same octets",
     .asked = {.name = "b.example"},
     .way = Way::from_client,
     .other = "10.1.2.3",
     .name = "ab.example",
     .is_taken = false},
    {.description = "above the name",
     .asked = {.name = "b.example"},
     .way = Way::from_client,
     .other = "10.1.2.3",
     .name = "example",
     .is_taken = false},
};

TEST(FrameFilter, TakesWhatWasAskedFor) {
  for (const FilterCase& one : kFilterCases)
    EXPECT_EQ(passes(one.asked, one.way, frame_of(one.way, one.other, one.name)), one.is_taken) << one.description;
}

TEST(FrameFilter, TakesOursOnly) {
  const auto with = [](auto change) {
    test::Frame frame = frame_of(Way::from_client, "10.1.2.3", "a.example");
    change(frame);
    return passes({}, Way::from_client, frame);
  };
  EXPECT_FALSE(with([](auto& frame) { frame.destination = address("192.168.10.87"); })) << "another host's address";
  EXPECT_FALSE(with([](auto& frame) { frame.destination_port = 54; })) << "another port";
  EXPECT_FALSE(with([](auto& frame) { frame.protocol = 6; })) << "TCP";
  EXPECT_FALSE(with([](auto& frame) { frame.fragment = 5; })) << "a later fragment";
  EXPECT_FALSE(with([](auto& frame) { frame.option_words = 1; })) << "options: the kernel's";
  // What is dropped is what somebody looks for.
  EXPECT_TRUE(with([](auto& frame) { frame.udp_sum = test::UdpSum::wrong; })) << "a wrong checksum";
  EXPECT_TRUE(with([](auto& frame) { frame.destination_mac = test::mac(7); })) << "another MAC";
  EXPECT_TRUE(with([](auto& frame) { frame.vlan = 12; })) << "a tag";
  // A response to a port that is none of ours: the host's own resolver's, or control's probe.
  test::Frame foreign = frame_of(Way::from_endpoint, "10.16.1.10", "a.example");
  foreign.destination_port = 50000;
  EXPECT_FALSE(passes({}, Way::from_endpoint, foreign));
}

TEST(FrameFilter, TakesAFrameOnceWhereThePacketSocketSeesItAgain) {
  // Our answer to a client whose port is one of our own source ports looks like a response as it comes back.
  test::Frame answer = frame_of(Way::to_client, "10.1.2.3", "a.example");
  answer.destination_port = 16400;
  EXPECT_TRUE(passes({}, Way::to_client, answer, 1));
  EXPECT_FALSE(passes({}, Way::from_endpoint, answer, 1));
}

// With and without a name, over every length and damaged at random: under ASan no octet behind the frame is read.
TEST(FrameFilter, ReadsNothingBehindAFrame) {
  std::minstd_rand random(1);
  const Asked asked{.name = "b.example"};
  const FrameFilter filter(request_of(asked));
  for (const char* client : {"10.1.2.3", "fd00::9"}) {
    const test::Bytes whole = write(frame_of(Way::from_client, client, "a.b.example"));
    for (size_t length = 0; length <= whole.size(); ++length) {
      for (unsigned round = 0; round < 20; ++round) {
        test::Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        cut.shrink_to_fit();
        if (round != 0 && !cut.empty()) cut[random() % cut.size()] = static_cast<uint8_t>(random());
        const bool is_taken = filter.passes(cut, Direction::received, 0, host());
        if (round == 0) {
          EXPECT_EQ(is_taken, length + 4 >= whole.size())
              << length;  // type and class of the question are not looked at
        }
      }
    }
  }
}

TEST(FrameFilter, RefusesRequestsOutOfTheirBounds) {
  EXPECT_TRUE(is_sound(request_of({.client = "10.0.0.0/8", .endpoint = "fd00::1", .name = "a.example"})));
  const auto with = [](auto change) {
    config::CaptureRequest request = request_of({.client = "10.0.0.0/8", .endpoint = "fd00::1", .name = "a.example"});
    change(request);
    return is_sound(request);
  };
  EXPECT_FALSE(with([](auto& request) { request.client_length = 33; }));
  EXPECT_FALSE(with([](auto& request) { request.client_family = 5; }));
  EXPECT_FALSE(with([](auto& request) { request.endpoint_count = config::kMaxCaptureEndpoints + 1; }));
  EXPECT_FALSE(with([](auto& request) { request.endpoint[0].family = 0; }));
  EXPECT_FALSE(with([](auto& request) { request.name[0] = 60; }));
  EXPECT_FALSE(with([](auto& request) { --request.name_length; }));
  EXPECT_FALSE(with([](auto& request) { request.seconds = 0; }));
  EXPECT_FALSE(with([](auto& request) { request.bytes = 1; }));
}

}  // namespace
}  // namespace penstock::capture
