// tests/dataplane/path/flight/retry_on_test.cpp - an endpoint that says SERVFAIL or REFUSED, and a pool that asks the next one then.
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

const char* const kFirst = "10.16.1.10";
const char* const kOther = "10.16.2.10";
constexpr uint16_t kServfail = 2, kRefused = 5;

class RetryOnTest : public PathTest {
 protected:
  RetryOnTest() { put_in_force("[servfail, refused]"); }

  void put_in_force(const std::string& rcodes) {
    std::string rules = kRigRules;
    const std::string pool = "endpoints: [10.16.1.10, 10.16.2.10]";
    rules.replace(rules.find(pool), pool.size(), pool + (rcodes.empty() ? "" : ", retry_on: " + rcodes));
    const std::string other = "endpoints: [\"fd16::10\"]";
    rules.replace(rules.find(other), other.size(), other + (rcodes.empty() ? "" : ", retry_on: " + rcodes));
    rig.load(rules);
  }
  Frame ask(const DnsQuery& query = studio_query(), const char* endpoint = kFirst) {
    rig.prefer(endpoint);
    const Frame left = forward(from_client(write(query)));
    rig.verdict();
    return left;
  }
  std::vector<Sent> answer(const Frame& query, uint16_t rcode) {
    return rig.receive(1, {write(answer_to_query(query, rcode))});
  }
  // The rcode goes to the client as it came.
  void expect_returned(const Frame& query, uint16_t rcode,
                       const char* verdict = "classify.response response.returned") {
    const Frame back = only(answer(query, rcode), 0);
    EXPECT_EQ(rig.verdict(), verdict);
    Bytes expected = answer_to(query.payload, rcode);
    put16(expected, 0, 0x1234);
    EXPECT_EQ(to_hex(back.payload), to_hex(expected));
    EXPECT_EQ(rig.lcore().flights.pending.in_use(), 0U);
  }
};

TEST_F(RetryOnTest, AnotherEndpointIsAskedTheSame) {
  for (const uint16_t rcode : {kServfail, kRefused}) {
    const Frame left = ask();
    EXPECT_EQ(config::to_string(left.destination), kFirst);
    const Frame next = only(answer(left, rcode), 1);
    EXPECT_EQ(rig.verdict(), "classify.response response.tried_next");
    EXPECT_EQ(config::to_string(next.destination), kOther);
    EXPECT_EQ(to_hex(next.payload), to_hex(left.payload));
    EXPECT_EQ(rig.outstanding(kFirst), 0U);  // it owes nothing
    // Doubled, it does not count twice.
    EXPECT_TRUE(answer(left, rcode).empty());
    EXPECT_EQ(rig.verdict(), "classify.response response.unknown_id");
    expect_returned(next, 0);
    EXPECT_EQ(rig.outstanding(kFirst) + rig.outstanding(kOther), 1'000'000U);  // prefer()'s, and nothing more
  }
  const auto& first = rig.counters().lcore[0].endpoints[config::EndpointSlot{0}];
  EXPECT_EQ(first.servfails.get(), 1U);
  EXPECT_EQ(first.refused.get(), 1U);
  EXPECT_EQ(first.responses.get(), 2U);
}

TEST_F(RetryOnTest, WhenNoneIsLeftTheRcodeIsTheClients) {
  for (const uint16_t rcode : {kServfail, kRefused}) {
    const Frame next = only(answer(ask(), kServfail), 1);
    rig.verdict();
    expect_returned(next, rcode);
  }
  // A pool of one.
  DnsQuery query = studio_query();
  query.question.name = "www.six.example";
  expect_returned(ask(query, "fd16::10"), kServfail);
}

TEST_F(RetryOnTest, OnlyTheRcodesThatThePoolNames) {
  struct Case {
    const char* rcodes;
    uint16_t rcode;
    bool tries;
  };
  for (const Case& c : std::initializer_list<Case>{{.rcodes = "", .rcode = kServfail, .tries = false},
                                                   {.rcodes = "", .rcode = kRefused, .tries = false},
                                                   {.rcodes = "[servfail]", .rcode = kServfail, .tries = true},
                                                   {.rcodes = "[servfail]", .rcode = kRefused, .tries = false},
                                                   {.rcodes = "[refused]", .rcode = kServfail, .tries = false},
                                                   {.rcodes = "[refused]", .rcode = kRefused, .tries = true},
                                                   {.rcodes = "[servfail, refused]", .rcode = 0, .tries = false},
                                                   {.rcodes = "[servfail, refused]", .rcode = 3, .tries = false},
                                                   {.rcodes = "[servfail, refused]", .rcode = 9, .tries = false}}) {
    SCOPED_TRACE(std::string(c.rcodes) + " " + std::to_string(c.rcode));
    put_in_force(c.rcodes);
    const Frame left = ask();
    if (!c.tries) {
      expect_returned(left, c.rcode);
      continue;
    }
    const Frame next = only(answer(left, c.rcode), 1);
    rig.verdict();
    expect_returned(next, 0);
  }
}

TEST_F(RetryOnTest, AnEndpointThatCannotBeUsedIsNotTried) {
  auto state = rig.endpoint(kOther);
  for (const bool reachable : {true, false}) {
    state.health = config::Health::down;
    state.reachable = reachable;
    rig.set_endpoint(kOther, state);
    expect_returned(ask(), kServfail);
  }
}

// One is overdue, the other says SERVFAIL: the first may still answer.
TEST_F(RetryOnTest, TheOneThatOwesAnAnswerIsWaitedFor) {
  for (const uint16_t rcode : {kServfail, kRefused}) {
    for (const bool first_fails : {false, true}) {
      const Frame left = ask();
      rig.pass(820);
      const Frame again = only(rig.sweep(), 1);
      rig.verdict();
      EXPECT_TRUE(answer(first_fails ? left : again, rcode).empty());
      EXPECT_EQ(rig.verdict(), "classify.response response.held_back");
      EXPECT_EQ(rig.lcore().flights.pending.in_use(), 1U);
      expect_returned(first_fails ? again : left, 0);
      EXPECT_EQ(rig.outstanding(kFirst) + rig.outstanding(kOther), 1'000'000U);  // prefer()'s
    }
    // It says the same: then that is the answer.
    const Frame left = ask();
    rig.pass(820);
    const Frame again = only(rig.sweep(), 1);
    EXPECT_TRUE(answer(again, kServfail).empty());
    rig.verdict();
    expect_returned(left, rcode);
  }
}

TEST_F(RetryOnTest, WhoWasWaitedForInVain) {
  for (const uint16_t rcode : {kServfail, kRefused}) {
    const Frame left = ask();
    Frame other = from_client(write(studio_query()));
    other.source_port = 40001;
    EXPECT_TRUE(rig.receive(0, {write(other)}).empty());
    rig.pass(820);
    const Frame again = only(rig.sweep(), 1);
    EXPECT_TRUE(answer(again, rcode).empty());
    // Doubled, it changes nothing.
    EXPECT_TRUE(answer(again, rcode).empty());
    unsigned third = 0;
    std::vector<Sent> answers;
    for (unsigned ms = 820; ms < 1'810; ++ms) {
      rig.pass(1);
      for (const Sent& sent : rig.sweep()) {
        if (sent.port == 1)
          ++third;
        else
          answers.push_back(sent);
      }
    }
    EXPECT_EQ(third, 1U);
    ASSERT_EQ(answers.size(), 2U);
    for (const Sent& sent : answers) EXPECT_EQ(get16(read(sent.bytes).value().payload, 2) & 0xf, rcode);
    EXPECT_EQ(rig.outstanding(kFirst) + rig.outstanding(kOther), 1'000'000U);
    rig.verdict();
    // The slot's next query has nothing of it.
    const auto& query = rig.lcore().flights.pending.query(rig.lcore().flights.pending.index_of(get16(left.payload, 0)));
    EXPECT_EQ(query.failed, rcode);
    ask();
    rig.pass(1'900);
    while (rig.lcore().flights.pending.in_use() != 0)
      for (const Sent& sent : rig.sweep())
        EXPECT_EQ(get16(read(sent.bytes).value().payload, 2) & 0xf, sent.port == 0 ? kServfail : 0);
  }
}

// The pool does not ask to try others: nobody waits.
TEST_F(RetryOnTest, WithoutRetryOnNobodyIsWaitedFor) {
  put_in_force("");
  ask();
  rig.pass(820);
  const Frame again = only(rig.sweep(), 1);
  rig.verdict();
  expect_returned(again, kServfail);
}

// All endpoints say SERVFAIL to everything: a fifth more queries, and a hundred, and no storm.
TEST_F(RetryOnTest, WithinTheRetryBudget) {
  unsigned tried = 0;
  for (unsigned i = 0; i < 1'500; ++i) {
    if (i % 3 == 0) rig.pass(20);
    const Frame left = ask(studio_query(i));
    const auto sent = answer(left, kServfail);
    ASSERT_EQ(sent.size(), 1U);
    if (sent[0].port == 0) {
      EXPECT_EQ(rig.verdict(), "classify.response response.returned retry.over_budget");
      continue;
    }
    ++tried;
    only(answer(read(sent[0].bytes).value(), kServfail), 0);
    rig.verdict();
  }
  EXPECT_NEAR(tried, 100 + 1'500 / 5, 15);
}

TEST_F(RetryOnTest, ThreeSendsAtMost) {
  std::string rules = kRigRules;
  const std::string pool = "[10.16.1.10, 10.16.2.10]";
  rules.replace(rules.find(pool), pool.size(),
                "[10.16.1.10, 10.16.2.10, 10.16.3.10, 10.16.4.10], retry_on: [servfail]");
  rig.load(rules);
  for (const char* endpoint : {"10.16.3.10", "10.16.4.10"}) rig.set_endpoint(endpoint, rig.endpoint(kFirst));
  Frame query = forward(from_client(write(studio_query())));
  for (unsigned sends = 1; sends < 3; ++sends) query = only(answer(query, kServfail), 1);
  rig.verdict();
  expect_returned(query, kServfail);
}

TEST_F(RetryOnTest, NewRulesDecide) {
  Frame left = ask();
  put_in_force("");
  expect_returned(left, kServfail);
  left = ask();
  rig.unload();
  expect_returned(left, kServfail);
}

TEST_F(RetryOnTest, WhatCannotBeSentAgainIsReturned) {
  Bytes query = write(studio_query());
  put16(query, 10, 1);
  query.insert(query.end(), {0, 0xff, 0x01, 0, 1, 0, 0, 0, 0, 0x01, 0x90});
  query.resize(query.size() + 400);
  Frame left = forward(from_client(query));
  rig.verdict();
  Frame response = answer_to_query(left, kServfail);
  only(rig.receive(1, {write(response)}), 0);
  EXPECT_EQ(rig.verdict(), "classify.response response.returned");
  // The response's buffer has no room for the query.
  left = ask();
  const Bytes bytes = write(answer_to_query(left, kServfail));
  rte_mbuf* frame = rig.pool.take(bytes, 0, static_cast<uint16_t>(bytes.size()));
  const Frame back = only(rig.receive(1, {&frame, 1}), 0);
  EXPECT_EQ(get16(back.payload, 2) & 0xf, kServfail);
}

TEST_F(RetryOnTest, WhoJoinedHearsTheLastAnswer) {
  const Frame left = ask();
  Frame other = from_client(write(studio_query()));
  other.source_port = 40001;
  EXPECT_TRUE(rig.receive(0, {write(other)}).empty());
  const Frame next = only(answer(left, kServfail), 1);
  only(answer(next, 0), 0);
  EXPECT_EQ(get16(only(rig.sweep(), 0).payload, 2) & 0xf, 0);
  EXPECT_EQ(rig.verdict(),
            "classify.query classify.response=2 query.joined response.returned response.tried_next waiter.answered");
}

}  // namespace
}  // namespace penstock::test
