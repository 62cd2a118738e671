// tests/dataplane/path/frame/handoff_test.cpp - several lcores: a response that another one owns, a port where one owns no queue.
#include <map>

#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

class HandoffTest : public PathTest {
 protected:
  HandoffTest() : PathTest({.rules = {}, .lcores = 4, .pending_slots = 4096, .frames = 8192}) {}
  Frame ask(unsigned lcore) { return only(rig.receive(0, {write(from_client(write(studio_query())))}, lcore), 1); }
};

TEST_F(HandoffTest, EveryPairOfLcores) {
  for (unsigned asker = 0; asker < 4; ++asker) {
    for (unsigned receiver = 0; receiver < 4; ++receiver) {
      SCOPED_TRACE(std::to_string(asker) + " asked, " + std::to_string(receiver) + " received");
      const Frame left = ask(asker);
      EXPECT_EQ(rig.host.owner(left.source_port), asker);
      rig.verdict();
      const auto sent = rig.receive(1, {write(answer_to_query(left))}, receiver);
      if (asker == receiver) {
        only(sent, 0);
        EXPECT_EQ(rig.verdict(), "classify.response response.returned");
        continue;
      }
      EXPECT_TRUE(sent.empty());
      EXPECT_EQ(rig.verdict(), "classify.response handoff.handed_off");
      for (unsigned other = 0; other < 4; ++other) {
        if (other == asker) continue;
        EXPECT_TRUE(rig.take_handed_off(other).empty());
      }
      const Frame back = only(rig.take_handed_off(asker), 0);
      EXPECT_EQ(to_string(back), "0200000000a0>0200000000c1 192.168.10.86.53 > 192.168.10.20.40000");
      EXPECT_EQ(rig.verdict(), "response.returned");
    }
  }
}

// Nobody fills the rings between lcores from an address that is no endpoint's.
TEST_F(HandoffTest, ResponsesOfNoEndpointAreNotHandedOff) {
  const Frame left = ask(2);
  Frame forged = answer_to_query(left);
  forged.source = address("10.16.9.9");
  rig.verdict();
  rig.receive(1, {write(forged)}, 0);
  EXPECT_EQ(rig.verdict(), "classify.response response.wrong_endpoint");
  EXPECT_TRUE(rig.take_handed_off(2).empty());
  rig.receive(1, {write(answer_to_query(left))}, 1);
  only(rig.take_handed_off(2), 0);
}

TEST_F(HandoffTest, EndpointsOfTheRulesBeforeMayStillAnswer) {
  const Frame left = ask(2);
  std::string moved = kRigRules;
  moved.replace(moved.find("[10.16.1.10, 10.16.2.10]"), 24, "[10.16.3.10]");
  rig.load(moved);
  rig.receive(1, {write(answer_to_query(left))}, 1);
  only(rig.take_handed_off(2), 0);
}

TEST_F(HandoffTest, ForgedResponsesAreTheOwnersToJudge) {
  rig.prefer("10.16.1.10");
  const Frame left = ask(2);
  Frame forged = answer_to_query(left);
  forged.source = address("10.16.2.10");
  rig.receive(1, {write(forged)}, 0);
  rig.verdict();
  EXPECT_TRUE(rig.take_handed_off(2).empty());
  EXPECT_EQ(rig.verdict(), "response.wrong_endpoint");
  rig.receive(1, {write(answer_to_query(left))}, 1);
  only(rig.take_handed_off(2), 0);
}

TEST_F(HandoffTest, PartialSumsAreCountedOnce) {
  rig.host.ports[1].accepts_partial_checksum = true;
  Frame response = answer_to_query(ask(3));
  response.udp_sum = UdpSum::partial;
  rig.verdict();
  rig.receive(1, {write(response)}, 0);
  only(rig.take_handed_off(3), 0);
  EXPECT_EQ(rig.verdict(), "checksum_partial classify.response handoff.handed_off response.returned");
}

TEST_F(HandoffTest, AFullRingIsCounted) {
  const Bytes response = write(answer_to_query(ask(0)));
  rig.verdict();
  for (int i = 0; i < 1030; ++i) EXPECT_TRUE(rig.receive(1, {response}, 1).empty());
  EXPECT_EQ(rig.verdict(), "classify.response=1030 handoff.full=6 handoff.handed_off=1024");
}

TEST_F(HandoffTest, FramesForAPortWithoutAQueueGoToItsOwner) {
  rig.owns_no_queue_of = 1;
  EXPECT_TRUE(rig.receive(0, {write(from_client(write(studio_query())))}, 2).empty());
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded transmit.handed_off");
  const Frame left = only(rig.take_handed_off(0), 1);
  EXPECT_EQ(rig.host.owner(left.source_port), 2);
  EXPECT_EQ(rig.verdict(), "");
  rig.receive(1, {write(answer_to_query(left))}, 0);
  only(rig.take_handed_off(2), 0);
  EXPECT_EQ(rig.verdict(), "classify.response handoff.handed_off response.returned");
}

TEST_F(HandoffTest, AFullRingToAPortsOwnerIsCounted) {
  rig.owns_no_queue_of = 1;
  for (unsigned i = 0; i < 33; ++i) {
    std::vector<Bytes> burst;
    for (unsigned j = 0; j < 32; ++j) burst.push_back(write(from_client(write(studio_query(i * 32 + j)))));
    EXPECT_TRUE(rig.receive(0, burst, 1).empty());
  }
  EXPECT_EQ(rig.verdict(), "classify.query=1056 query.forwarded=1056 transmit.full=32 transmit.handed_off=1024");
  // The clients still hear about it.
  rig.pass(1800);
  size_t answered = 0;
  for (int i = 0; i < 33; ++i) answered += rig.sweep(1).size();
  EXPECT_EQ(answered, 1056U);
}

// Nobody is starved: with all rings filled, each sender's frames come out within a few turns.
TEST_F(HandoffTest, RingsTakeTurns) {
  rig.owns_no_queue_of = 1;
  std::vector<Bytes> burst(32);
  for (unsigned i = 0; i < 8; ++i)
    for (unsigned lcore = 1; lcore < 4; ++lcore) {
      for (unsigned j = 0; j < 32; ++j) burst[j] = write(from_client(write(studio_query(i * 32 + j))));
      rig.receive(0, burst, lcore);
    }
  std::map<unsigned, unsigned> by_lcore;
  for (int turn = 0; turn < 6; ++turn)
    for (const Sent& sent : rig.take_handed_off(0)) ++by_lcore[rig.host.owner(read(sent.bytes)->source_port)];
  EXPECT_EQ(by_lcore.size(), 3U);
}

}  // namespace
}  // namespace penstock::test
