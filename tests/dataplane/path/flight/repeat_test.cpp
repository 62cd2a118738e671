// tests/dataplane/path/flight/repeat_test.cpp - a client's own repetition joins its flight and gets one answer; it may hurry the retry.
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

class RepeatTest : public PathTest {
 protected:
  // What leaves, which is nothing unless it says so.
  void expect_outcome(const Frame& query, const char* outcome) {
    const auto sent = rig.receive(0, {write(query)});
    EXPECT_EQ(sent.size(), std::string_view(outcome) == "forwarded" ? 1U : 0U);
    EXPECT_EQ(rig.verdict(), std::string("classify.query query.") + outcome);
  }
};

TEST_F(RepeatTest, WhatIsARepetition) {
  Frame first = from_client(write(studio_query()));
  Frame second = first;
  second.source_port = 40001;
  const Frame left = forward(first);
  rig.verdict();
  expect_outcome(second, "joined");
  size_t joined = 1;
  for (const Frame& asked : {first, second}) {
    expect_outcome(asked, "repeated");
    Frame other = asked;
    other.source = address("192.168.10.21");
    expect_outcome(other, "joined");
    other = asked;
    other.source_port = static_cast<uint16_t>(other.source_port + 10);
    expect_outcome(other, "joined");
    other = asked;
    put16(other.payload, 0, 0x4321);
    expect_outcome(other, "joined");
    other = asked;
    other.payload[13] ^= 0x20;  // another spelling is another question to the client
    expect_outcome(other, "joined");
    joined += 4;
    // Each of those, too, may be asked again.
    expect_outcome(other, "repeated");
  }
  // What is not in the question does not matter.
  Frame moved = second;
  moved.source_mac = mac(0xc7);
  moved.vlan = 8;
  expect_outcome(moved, "repeated");
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  EXPECT_EQ(rig.sweep().size(), joined);
  EXPECT_EQ(rig.verdict(), "classify.response response.returned waiter.answered=" + std::to_string(joined));
}

TEST_F(RepeatTest, AnotherAddressOfOursIsAskedApart) {
  rig.host.add_listen(address("192.168.10.87"));
  Frame asked = from_client(write(studio_query()));
  const Frame left = forward(asked);
  rig.verdict();
  asked.destination = address("192.168.10.87");
  expect_outcome(asked, "joined");
  expect_outcome(asked, "repeated");
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
  EXPECT_EQ(to_string(only(rig.sweep(), 0)), "0200000000a0>0200000000c1 192.168.10.87.53 > 192.168.10.20.40000");
}

// A query with an EDNS option, as dig sends it: nobody joins it, but it is known when it comes again.
TEST_F(RepeatTest, AQueryThatFliesAlone) {
  Bytes message = write(studio_query());
  put16(message, 6, 1);
  message.insert(message.end(), {0, 0, 16, 0, 1, 0, 0, 0, 0, 0, 2, 1, 'x'});
  Frame asked = from_client(message);
  expect_outcome(asked, "forwarded");
  expect_outcome(asked, "repeated");
  asked.payload.back() ^= 1;  // another message
  expect_outcome(asked, "forwarded");
  asked.payload.back() ^= 1;
  put16(asked.payload, 0, 7);
  expect_outcome(asked, "forwarded");
  put16(asked.payload, 0, 0x1234);
  asked.source_port = 40001;
  expect_outcome(asked, "forwarded");
  asked.source_port = 40000;
  asked.source = address("192.168.10.21");
  expect_outcome(asked, "forwarded");
}

// A domain controller that is an endpoint of the pool asks us what we are asking it: it must not wait for its own answer.
TEST_F(RepeatTest, AnEndpointOfThePoolDoesNotJoin) {
  std::string rules = kRigRules;
  rules.replace(rules.find("allow: ["), 8, "allow: [10.16.0.0/16, ");
  rig.load(rules);
  const Frame left = forward(from_client(write(studio_query())));
  rig.verdict();
  Frame controller = from_client(write(studio_query()), config::to_string(left.destination).c_str());
  const Frame round = only(rig.receive(0, {write(controller)}), 1);
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
  EXPECT_NE(round.destination.bytes, left.destination.bytes);
  expect_outcome(controller, "repeated");
  // Others still join the first one's.
  Frame other = from_client(write(studio_query()));
  other.source_port = 40001;
  expect_outcome(other, "joined");
  // For another pool's names it is a client as any.
  DnsQuery six = studio_query();
  six.question.name = "www.six.example";
  expect_outcome(from_client(write(six)), "forwarded");
  controller.payload = write(six);
  expect_outcome(controller, "joined");
}

TEST_F(RepeatTest, ItHurriesTheRetry) {
  struct Case {
    const char* description;
    uint64_t repeated_after_ms;  // of a patience of 200
    bool hurries;
  };
  unsigned number = 0;
  for (const bool by_waiter : {false, true})
    for (const Case& c :
         {Case{"the endpoint has had less than half of its time", 99, false}, Case{"it has had more", 102, true}}) {
      SCOPED_TRACE(c.description);
      Frame asked = from_client(write(studio_query(++number)));
      forward(asked);
      if (by_waiter) {
        asked.source_port = 40001;
        EXPECT_TRUE(rig.receive(0, {write(asked)}).empty());
      }
      rig.verdict();
      rig.pass(c.repeated_after_ms);
      expect_outcome(asked, "repeated");
      rig.pass(2);
      EXPECT_EQ(rig.sweep().size(), c.hurries ? 1U : 0U);
      EXPECT_EQ(rig.verdict(), c.hurries ? "retry.sent" : "");
      if (c.hurries) {  // the endpoint that was asked now gets its time
        expect_outcome(asked, "repeated");
        rig.pass(2);
        EXPECT_TRUE(rig.sweep().empty());
      }
      rig.pass(10'000);
      rig.sweep();
      rig.verdict();
    }
}

// However often a client repeats itself: three sends, one answer, and no more than the budget allows.
TEST_F(RepeatTest, ImpatienceIsBounded) {
  const Frame asked = from_client(write(studio_query()));
  unsigned sends = 0;
  unsigned answers = 0;
  for (unsigned ms = 0; ms < 1805; ++ms) {
    rig.pass(1);
    for (const Sent& sent : ms < 1700 ? rig.receive(0, {write(asked)}) : std::vector<Sent>{}) sends += sent.port == 1;
    for (const Sent& sent : rig.sweep()) ++(sent.port == 1 ? sends : answers);
  }
  EXPECT_EQ(sends, 3U);
  EXPECT_EQ(answers, 1U);
  EXPECT_EQ(rig.verdict(), "classify.query=1700 query.forwarded query.repeated=1699 retry.sent=2 sweep.expired");

  // The budget of the pool, spent: a fifth of what ten seconds brought, and a hundred.
  for (uint32_t second = 0; second < 10; ++second) {
    rig.now += uint64_t{1} << 30;
    rig.lcore().endpoints.retry_budget.count_query(config::EndpointSlot{0}, rig.now);
  }
  for (unsigned i = 0; i < 102 - 30; ++i) rig.lcore().endpoints.retry_budget.spend(config::EndpointSlot{0}, rig.now);
  for (unsigned i = 0; i < 100; ++i) forward(from_client(write(studio_query(i))));
  rig.pass(150);
  for (unsigned i = 0; i < 100; ++i) EXPECT_TRUE(rig.receive(0, {write(from_client(write(studio_query(i))))}).empty());
  rig.verdict();
  rig.pass(2);
  unsigned hurried = 0;
  for (unsigned turn = 0; turn < 10; ++turn) hurried += rig.sweep().size();
  EXPECT_EQ(rig.verdict(), "retry.over_budget=50 retry.sent=50");
  EXPECT_EQ(hurried, 50U);
}

}  // namespace
}  // namespace penstock::test
