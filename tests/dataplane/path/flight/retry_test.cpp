// tests/dataplane/path/flight/retry_test.cpp - an overdue query goes to another endpoint, and the first is not given up.
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

const char* const kOther = "10.16.2.10";
const char* const kFirst = "10.16.1.10";
constexpr config::EndpointSlot kPool{0};  // of its first endpoint

class RetryTest : public PathTest {
 protected:
  // A query that left to kFirst.
  Frame ask(DnsQuery query = studio_query()) {
    rig.prefer(kFirst);
    const Frame left = forward(from_client(write(query)));
    EXPECT_EQ(config::to_string(left.destination), kFirst);
    rig.verdict();
    return left;
  }
  void put_in_force(const char* zones) {
    rig.load(std::string(kRigRules).substr(0, std::string(kRigRules).find("zones:")) + zones);
  }
};

TEST_F(RetryTest, GoesToTheOtherEndpointAsItWasSent) {
  const Frame left = ask();
  rig.pass(199);
  EXPECT_TRUE(rig.sweep().empty());
  rig.pass(3);
  const Frame again = only(rig.sweep(), 1);
  EXPECT_EQ(rig.verdict(), "retry.sent");
  EXPECT_EQ(config::to_string(again.destination), kOther);
  EXPECT_EQ(to_hex(again.payload), to_hex(left.payload));  // the id too: it names the slot
  EXPECT_EQ(rig.host.owner(again.source_port), 0);
  EXPECT_EQ(rig.lcore().flights.pending.in_use(), 1U);
}

TEST_F(RetryTest, TheFirstAnswerCountsWhosesoeverItIs) {
  for (const bool first_answers : {true, false}) {
    const Frame left = ask();
    rig.pass(810);  // more than is ever learned
    const Frame again = only(rig.sweep(), 1);
    const Frame& answered = first_answers ? left : again;
    const Frame& late = first_answers ? again : left;
    const Frame back = only(rig.receive(1, {write(answer_to_query(answered))}), 0);
    EXPECT_EQ(config::to_string(back.source), "192.168.10.86");
    EXPECT_EQ(get16(back.payload, 0), 0x1234);
    EXPECT_TRUE(rig.receive(1, {write(answer_to_query(late))}).empty());
    EXPECT_EQ(rig.verdict(), "classify.response=2 response.returned response.unknown_id retry.sent");
    rig.pass(12'000);  // a new window of the budget, a new first sample
    EXPECT_TRUE(rig.sweep().empty());
  }
}

// Each send must be answered by its own endpoint at its own port.
TEST_F(RetryTest, SendsAreNotMixedUp) {
  const Frame left = ask();
  rig.pass(202);
  const Frame again = only(rig.sweep(), 1);
  rig.verdict();
  ASSERT_NE(left.source_port, again.source_port);
  Frame mixed = answer_to_query(left);
  mixed.destination_port = again.source_port;
  EXPECT_TRUE(rig.receive(1, {write(mixed)}).empty());
  EXPECT_EQ(rig.verdict(), "classify.response response.wrong_port");
}

TEST_F(RetryTest, AtMostThreeSendsThenServfail) {
  ask();
  unsigned sends = 1;
  unsigned answers = 0;
  for (int i = 0; i < 2000; ++i) {
    rig.pass(1);
    for (const Sent& sent : rig.sweep()) ++(sent.port == 1 ? sends : answers);
  }
  EXPECT_EQ(sends, 3U);
  EXPECT_EQ(answers, 1U);
  EXPECT_EQ(rig.verdict(), "retry.sent=2 sweep.expired");
  EXPECT_EQ(rig.outstanding(kFirst) + rig.outstanding(kOther), 1'000'000U);  // prefer()'s, and nothing more
}

// A reload while it is in flight: what was sent as often as it may be is waited for, and not sent again.
TEST_F(RetryTest, ALongerPatienceBringsNoFourthSend) {
  ask();
  unsigned sends = 1;
  for (int i = 0; i < 1'700; ++i) {
    rig.pass(1);
    sends += rig.sweep().size();
  }
  ASSERT_EQ(sends, 3U);
  rig.lcore().query_timeout_ns = 3'000'000'000;
  rig.verdict();
  rig.pass(500);
  EXPECT_TRUE(rig.sweep().empty());
  EXPECT_EQ(rig.verdict(), "");
  rig.pass(1'000);
  only(rig.sweep(), 0);
  EXPECT_EQ(rig.verdict(), "sweep.expired");
}

TEST_F(RetryTest, APoolOfOneIsAskedAgain) {
  DnsQuery query = studio_query();
  query.question.name = "www.six.example";
  const Frame left = forward(from_client(write(query)));
  rig.pass(202);
  const Frame again = only(rig.sweep(), 1);
  EXPECT_EQ(config::to_string(again.destination), "fd16::10");
  EXPECT_NE(again.source_port, left.source_port);
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
}

TEST_F(RetryTest, PatienceIsLearned) {
  struct Case {
    const char* description;
    uint64_t round_trip_ms;
    uint64_t too_early_ms;
    uint64_t late_enough_ms;
  };
  for (const Case& c : std::initializer_list<Case>{
           {.description = "never below 20 ms", .round_trip_ms = 1, .too_early_ms = 19, .late_enough_ms = 23},
           {.description = "somewhat above the usual round trip",
           .round_trip_ms = 60,
           .too_early_ms = 60,
           .late_enough_ms = 90},
           {.description = "never above 800 ms", .round_trip_ms = 1500, .too_early_ms = 798, .late_enough_ms = 803}}) {
    SCOPED_TRACE(c.description);
    for (int i = 0; i < 60; ++i) {
      const Frame left = ask();
      for (uint64_t waited = 0; waited < c.round_trip_ms; ++waited) rig.pass(1);
      only(rig.receive(1, {write(answer_to_query(left))}), 0);
    }
    const Frame left = ask();
    rig.pass(c.too_early_ms);
    EXPECT_TRUE(rig.sweep().empty());
    rig.pass(c.late_enough_ms - c.too_early_ms);
    only(rig.sweep(), 1);
    only(rig.receive(1, {write(answer_to_query(left))}), 0);
  }
}

// A storm: nobody answers any more. A fifth of all is sent again, and a hundred.
TEST_F(RetryTest, TheBudgetIsAFifth) {
  unsigned asked = 0;
  unsigned retries = 0;
  for (unsigned ms = 0; ms < 10'000; ms += 2) {
    rig.pass(2);
    if (ms % 40 == 0) {  // 50 a second
      for (unsigned i = 0; i < 2; ++i) forward(from_client(write(studio_query(asked++))));
    }
    for (const Sent& sent : rig.sweep()) retries += sent.port == 1;
  }
  EXPECT_EQ(asked, 500U);
  EXPECT_NEAR(retries, 100 + 500 / 5, 10);
  rig.pass(2'000);
  while (rig.lcore().flights.pending.in_use() != 0) rig.sweep();
  rig.verdict();
}

// A pool that was asked only now spends early what the next seconds will earn.
TEST_F(RetryTest, AStartIsNotPunished) {
  for (unsigned i = 0; i < 300; ++i)
    forward(from_client(write(studio_query(i)), ("192.168.10." + std::to_string(1 + i % 50)).c_str()));
  rig.pass(202);
  unsigned sent = 0;
  for (int i = 0; i < 40; ++i) sent += rig.sweep().size();
  EXPECT_EQ(sent, 300U);
  rig.pass(2'000);
  while (rig.lcore().flights.pending.in_use() != 0) rig.sweep();
  rig.verdict();
}

// There is budget for retries, and none of the endpoints'.
class RetryOverBudgetTest : public PathTest {
 protected:
  RetryOverBudgetTest() : PathTest(RigOptions{.rules = kRigRules, .budgets = true}) {}
};
TEST_F(RetryOverBudgetTest, NoEndpointHasRateBudget) {
  forward(from_client(write(studio_query())));
  rig.pass(202);
  for (const config::EndpointSlot slot : {config::EndpointSlot{0}, config::EndpointSlot{1}})
    while (rig.lcore().endpoints.leases.take(*rig.budgets, slot, 10'000, rig.now)) {
    }
  rig.verdict();
  EXPECT_TRUE(rig.sweep().empty());
  EXPECT_EQ(rig.verdict(), "retry.over_rate_budget");
  // 100 ms later there is one again, and time enough for an answer.
  rig.pass(98);
  EXPECT_TRUE(rig.sweep().empty());
  rig.pass(4);
  only(rig.sweep(), 1);
  EXPECT_EQ(rig.verdict(), "retry.sent");
}

// A moment in which much was lost has spent the budget of retries. What is overdue meanwhile goes out when queries have earned more.
TEST_F(RetryTest, WhatIsOverTheBudgetIsPutOff) {
  ask();
  while (rig.lcore().endpoints.retry_budget.has_left(kPool, rig.now))
    rig.lcore().endpoints.retry_budget.spend(kPool, rig.now);
  rig.pass(202);
  rig.verdict();
  EXPECT_TRUE(rig.sweep().empty());
  EXPECT_EQ(rig.verdict(), "retry.over_budget");
  for (unsigned i = 0; i < 10; ++i) rig.lcore().endpoints.retry_budget.count_query(kPool, rig.now);
  rig.pass(102);
  only(rig.sweep(), 1);
  EXPECT_EQ(rig.verdict(), "retry.sent");
  rig.pass(2'000);
  only(rig.sweep(), 0);
  EXPECT_EQ(rig.verdict(), "sweep.expired");
}

// Rules are reloaded, and another pool stands where that one stood.
TEST_F(RetryTest, TheBudgetThatOnePoolHasSpentIsNoOthers) {
  while (rig.lcore().endpoints.retry_budget.has_left(kPool, rig.now))
    rig.lcore().endpoints.retry_budget.spend(kPool, rig.now);
  const config::EndpointState state = rig.endpoint(kFirst);
  rig.load(R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients: {allow: [192.168.0.0/16]}
pools: {other: {kind: recursive, endpoints: [10.99.0.1, 10.99.0.2]}}
default: {pool: other}
)");
  for (const char* endpoint : {"10.99.0.1", "10.99.0.2"}) rig.set_endpoint(endpoint, state);
  forward(from_client(write(studio_query())));
  rig.pass(502);
  rig.verdict();
  only(rig.sweep(), 1);
  EXPECT_EQ(rig.verdict(), "retry.sent");
}

// Over and over, and at the end of its patience the client hears SERVFAIL. What was not sent has spent nothing of the retries.
TEST_F(RetryOverBudgetTest, ForAsLongAsTheClientWaits) {
  forward(from_client(write(studio_query())));
  rig.verdict();
  unsigned answers = 0;
  for (int i = 0; i < 2'000; ++i) {
    rig.pass(1);
    for (const config::EndpointSlot slot : {config::EndpointSlot{0}, config::EndpointSlot{1}})
      while (rig.lcore().endpoints.leases.take(*rig.budgets, slot, 10'000, rig.now)) {
      }
    answers += rig.sweep().size();
  }
  EXPECT_EQ(answers, 1U);
  EXPECT_EQ(rig.verdict(), "retry.over_rate_budget=16 sweep.expired");
  unsigned left = 0;
  for (; rig.lcore().endpoints.retry_budget.has_left(kPool, rig.now); ++left)
    rig.lcore().endpoints.retry_budget.spend(kPool, rig.now);
  EXPECT_GE(left, state::RetryBudget::kAlways);
}

TEST_F(RetryTest, NewRulesDecideWhereItGoes) {
  struct Case {
    const char* zones;
    const char* verdict;
    const char* endpoint;
  };
  for (const Case& c :
       std::initializer_list<Case>{{.zones = "zones:\n  - {zone: studio.us-east-1.sagemaker.aws, pool: vpc6}\n",
       .verdict = "retry.sent",
       .endpoint = "fd16::10"},
                                   {.zones = "zones:\n  - {zone: studio.us-east-1.sagemaker.aws, answer: refused}\n",
                                   .verdict = "retry.no_endpoint",
                                   .endpoint = ""},
                                   {.zones = "zones:\n  - {zone: six.example, pool: vpc6}\n",
                                   .verdict = "retry.no_endpoint",
                                   .endpoint = ""}}) {
    SCOPED_TRACE(c.zones);
    rig.load(kRigRules);
    ask();
    put_in_force(c.zones);
    rig.pass(202);
    const auto sent = rig.sweep();
    EXPECT_EQ(rig.verdict(), c.verdict);
    EXPECT_EQ(sent.empty() ? "" : config::to_string(only(sent, 1).destination), c.endpoint);
    rig.pass(2000);
    only(rig.sweep(), 0);
    rig.verdict();
  }
}

TEST_F(RetryTest, AQueryTooLongToKeepIsSentOnce) {
  Bytes query = write(studio_query());
  // A record of 400 octets that nobody knows, behind the question.
  put16(query, 10, 1);
  query.insert(query.end(), {0, 0xff, 0x01, 0, 1, 0, 0, 0, 0, 0x01, 0x90});
  query.resize(query.size() + 400);
  forward(from_client(query));
  rig.pass(202);
  EXPECT_TRUE(rig.sweep().empty());
  rig.pass(2000);
  only(rig.sweep(), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded retry.too_long sweep.expired");
}

TEST_F(RetryTest, WithoutAFreshFrameItWaits) {
  const Frame left = ask();
  rig.pass(202);
  std::vector<rte_mbuf*> held;
  while (rte_mbuf* frame = rig.pool.take({})) held.push_back(frame);
  EXPECT_TRUE(rig.sweep().empty());
  EXPECT_EQ(rig.verdict(), "retry.no_frame");
  for (rte_mbuf* frame : held) rig.pool.give_back(frame);
  rig.pass(102);
  only(rig.sweep(), 1);
  EXPECT_EQ(rig.verdict(), "retry.sent");
  only(rig.receive(1, {write(answer_to_query(left))}), 0);
}

}  // namespace
}  // namespace penstock::test
