// tests/dataplane/path/random_test.cpp - thousands of mutated frames, queries and responses through the whole path: nothing
// crashes, every frame and every count is accounted for.
#include <map>
#include <random>

#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

class RandomTest : public PathTest {
 protected:
  RandomTest() : PathTest({.rules = {}, .lcores = 2, .pending_slots = 16, .frames = 8192}) {
    rig.host.ports[0].accepts_partial_checksum = true;
    rig.host.ports[1].has_door = true;
    rig.owns_no_queue_of = 0;
  }

  Bytes random_query() {
    static const char* const kNames[] = {"d-1.studio.us-east-1.sagemaker.aws",
                                         "x.Six.example",
                                         "a.blocked.example",
                                         "empty.example",
                                         "refused.example",
                                         "unreachable.example",
                                         "other.org",
                                         ""};
    DnsQuery query{.id = static_cast<uint16_t>(random()),
                   .flags = static_cast<uint16_t>(random() % 4 == 0 ? random() : 0x0100),
                   .question = {.name = kNames[random() % std::size(kNames)]},
                   .opt = {}};
    if (random() % 2 == 0) query.opt = Opt{};
    const bool v6 = random() % 3 == 0;
    Frame frame = from_client(write(query), v6 ? "fd00::20" : "192.168.10.20", v6 ? "fd00::86" : "192.168.10.86");
    if (random() % 4 == 0) frame.vlan = static_cast<uint16_t>(random());
    if (random() % 8 == 0) frame.udp_sum = random() % 2 == 0 ? UdpSum::partial : UdpSum::zero;
    if (random() % 16 == 0) frame.padding = random() % 20;
    return write(frame);
  }

  // Any octet, any length; then often with checksums put right again, so that damage gets past them.
  Bytes mutated(Bytes frame) {
    if (random() % 2 == 0) return frame;
    for (unsigned count = 1 + random() % 4; count > 0 && !frame.empty(); --count) {
      const size_t at = random() % frame.size();
      switch (random() % 4) {
        case 0:
          frame[at] = static_cast<uint8_t>(random());
          break;
        case 1:
          frame[at] ^= static_cast<uint8_t>(1U << random() % 8);
          break;
        case 2:
          frame.resize(at);
          break;
        case 3:
          frame.insert(frame.begin() + static_cast<std::ptrdiff_t>(at), static_cast<uint8_t>(random()));
          break;
      }
    }
    // IPv4 takes a missing UDP checksum; the header's own is made right.
    if (frame.size() > 42 && get16(frame, 12) == 0x0800 && frame[14] == 0x45 && random() % 4 != 0) {
      put16(frame, 16, static_cast<uint16_t>(frame.size() - 14));
      put16(frame, 38, static_cast<uint16_t>(frame.size() - 34));
      put16(frame, 40, 0);
      put16(frame, 24, 0);
      uint32_t sum = 0;
      for (size_t i = 14; i < 34; i += 2) sum += get16(frame, i);
      while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
      put16(frame, 24, static_cast<uint16_t>(~sum));
    }
    return frame;
  }

  // Whatever leaves is a well-formed frame; queries to endpoints are kept to be answered.
  void take(const std::vector<Sent>& sent) {
    for (const Sent& s : sent) {
      const auto frame = read(s.bytes);
      ASSERT_TRUE(frame.has_value()) << frame.error() << " " << to_hex(s.bytes);
      if (frame->destination_port == 53 && frame->payload.size() >= 17) asked.push_back(*frame);
    }
  }

  std::mt19937 random{20261123};
  std::vector<Frame> asked;
};

TEST_F(RandomTest, FramesOfAllKinds) {
  for (unsigned round = 0; round < 3000 && !HasFailure(); ++round) {
    const unsigned lcore = random() % 2;
    const unsigned port = random() % 2;
    std::vector<Bytes> burst;
    const unsigned size = 1 + random() % 32;
    while (burst.size() < size) {
      if (!asked.empty() && random() % 2 == 0) {
        const size_t at = random() % asked.size();
        burst.push_back(mutated(write(answer_to_query(asked[at], static_cast<uint16_t>(random() % 6)))));
        if (random() % 2 == 0) asked.erase(asked.begin() + static_cast<std::ptrdiff_t>(at));
      } else {
        burst.push_back(mutated(random_query()));
      }
    }
    take(rig.receive(port, burst, lcore));
    for (const unsigned other : {0U, 1U}) {
      take(rig.take_handed_off(other));
      take(rig.sweep(other));
    }
    rig.pass(random() % 40);
    if (round % 500 == 0) {
      asked.clear();
      ASSERT_EQ(rig.imbalance(), "");
    }
  }
  // The mutations reach nearly everything.
  const std::string counted = rig.verdict();
  for (const char* outcome : {"classify.query",
                              "classify.response",
                              "classify.stranger",
                              "classify.malformed",
                              "classify.bad_ip_checksum",
                              "classify.bad_udp_checksum",
                              "classify.no_udp_checksum",
                              "query.forwarded",
                              "query.answered_nxdomain",
                              "query.answered_nodata",
                              "query.refused_by_rule",
                              "query.refused_client",
                              "query.refused_no_rule",
                              "query.formerr",
                              "query.notimp",
                              "query.servfail_no_next_hop",
                              "query.servfail_pending_full",
                              "query.ignored_short",
                              "query.ignored_response",
                              "response.returned",
                              "response.unknown_id",
                              "response.wrong_question",
                              "response.malformed",
                              "handoff.handed_off",
                              "door.to_kernel",
                              "door.left_to_kernel",
                              "sweep.expired",
                              "transmit.handed_off",
                              "checksum_partial"})
    EXPECT_NE(counted.find(outcome), std::string::npos) << outcome;
}

TEST_F(RandomTest, NoiseOfEveryLength) {
  for (unsigned round = 0; round < 20'000; ++round) {
    Bytes noise(random() % 200);
    for (uint8_t& octet : noise) octet = static_cast<uint8_t>(random());
    if (noise.size() > 14 && random() % 2 == 0) put16(noise, 12, random() % 2 == 0 ? 0x0800 : 0x86dd);
    take(rig.receive(random() % 2, {noise}, random() % 2));
  }
}

}  // namespace
}  // namespace penstock::test
