// tests/dataplane/path/memory/stale_test.cpp - expired answers, remembered failures, and renewal in time.
#include "tests/dataplane/path/recall_fixture.h"

namespace penstock::test {
namespace {

TEST_F(RecallTest, AnExpiredAnswerWhenThisQueryFails) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  DnsQuery query = studio();
  query.opt = Opt{};
  teach(query, response);
  rig.pass(kMinute);
  // An endpoint fails.
  query.id = 0x888;
  const Frame left = forwarded(query);
  const Frame back = only(respond(left, kServfail, Opt{}), 0);
  EXPECT_EQ(rig.verdict(), "classify.response remember.failure response.replaced_stale");
  TestResponse stale = response;
  stale.answer[0].ttl = 30;
  EXPECT_EQ(
      to_hex(back.payload),
      to_hex(write(stale, write(query), Opt{.udp_size = 1232, .dnssec_ok = false, .extended_error = uint16_t{3}})));
  // For a second nobody asks again; then we do, while the client has its answer.
  rig.pass(900);
  expect_from_memory(query, response, 30, "answered_stale", 3);
  rig.pass(200);
  const auto sent = ask(query);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_stale refresh.sent");
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_EQ(sent[0].port, 0U);
  EXPECT_TRUE(respond(read(sent[1].bytes).value(), response, Opt{}).empty());
  EXPECT_EQ(rig.verdict(), "classify.response remember.renewed response.refreshed");
  expect_from_memory(query, response, 60);
}

TEST_F(RecallTest, AnExpiredAnswerWhenNobodyAnswers) {
  const TestRecord soa{.type = 6, .ttl = 60, .data = soa_data(60)};
  const TestResponse nxdomain{.flags = 0x8183, .answer = {}, .authority = {soa}, .additional = {}};
  DnsQuery query = studio();
  query.opt = Opt{};
  teach(query, nxdomain);
  rig.pass(kMinute);
  query.id = 0x999;
  forwarded(query);
  // Who joins gets it too.
  DnsQuery other = query;
  other.id = 0x99a;
  ask(other, "192.168.10.21");
  rig.verdict();
  const Frame back = give_up();
  TestResponse stale = nxdomain;
  stale.authority[0].ttl = 30;
  const Opt error{.udp_size = 1232, .dnssec_ok = false, .extended_error = uint16_t{19}};
  EXPECT_EQ(to_hex(back.payload), to_hex(write(stale, write(query), error)));
  EXPECT_EQ(rig.verdict(), "remember.failure retry.sent=2 sweep.expired_stale waiter.answered");
  // Nobody of the pool is heard: at once from now on, and one query in a while to see whether somebody is back.
  const auto sent = ask(query);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_stale refresh.sent");
  expect_from_memory(query, nxdomain, 30, "answered_stale", 19);
  ASSERT_EQ(sent.size(), 2U);
  respond(read(sent[1].bytes).value(), nxdomain, Opt{});
  EXPECT_EQ(rig.verdict(), "classify.response remember.renewed response.refreshed");
  expect_from_memory(query, nxdomain, 60);
}

TEST_F(RecallTest, AnExpiredAnswerAtOnceWhileThePoolIsDown) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  teach(studio(1), response);
  teach(studio(2), response);
  pool_is(config::Health::down);
  rig.pass(kMinute);
  EXPECT_EQ(ask(studio(1)).size(), 2U);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_stale refresh.sent");
  expect_from_memory(studio(2), response, 30, "answered_stale");  // one query a quarter of a second for all
  pool_is(config::Health::up);
  forwarded(studio(2));
  // Not for ever.
  pool_is(config::Health::down);
  give_up();
  rig.pass(86'400'000);
  rig.verdict();
  ask(studio(1));
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
}

class ScarceTest : public RecallTest {
 protected:
  ScarceTest() : RecallTest({.rules = scarce(), .cache_size = 1 << 20, .budgets = true}) {}
  static std::string scarce() {
    std::string rules = kRecallRules;
    const std::string endpoints = "[10.16.1.10, 10.16.2.10]";
    rules.replace(rules.find(endpoints), endpoints.size(), "[{address: 10.16.1.10, budget: 20}]");
    return rules;
  }
};

TEST_F(ScarceTest, AnExpiredAnswerWhenTheBudgetIsSpent) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  DnsQuery query = studio();
  query.opt = Opt{};
  teach(query, response);
  rig.pass(kMinute);
  for (unsigned number = 1; number < 100; ++number) ask(studio(number), "192.168.10.99");
  rig.verdict();
  query.id = 0x777;
  expect_from_memory(query, response, 30, "answered_stale", 3);
  DnsQuery unknown = studio(200);
  ask(unknown);
  EXPECT_EQ(rig.verdict().substr(0, 30), "classify.query query.servfail_");
}

TEST_F(RecallTest, OfOthersNothingThatIsExpired) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  teach(named("www.example"), response);
  rig.pass(kMinute);
  const DnsQuery query = named("www.example");
  const Frame back = only(respond(forwarded(query), kServfail), 0);
  EXPECT_EQ(rig.verdict(), "classify.response remember.failure response.returned");
  EXPECT_EQ(get16(back.payload, 2) & 15, 2);
}

// RFC 9520: a second in any case. The only one that fails is asked once in a second then.
TEST_F(RecallTest, AFailureIsRememberedForASecond) {
  DnsQuery query = studio();
  query.opt = Opt{};
  for (int i = 0; i < 5; ++i) {
    const Frame left = forwarded(query);
    respond(left, kServfail, Opt{});
    EXPECT_EQ(rig.verdict(), "classify.response remember.failure response.returned");
    rig.pass(999);
    DnsQuery expected = query;
    expected.opt->extended_error = 13;
    EXPECT_EQ(to_hex(only(ask(query), 0).payload), to_hex(own_answer(expected, 2)));
    EXPECT_EQ(rig.verdict(), "classify.query query.answered_failure");
    rig.pass(1);
  }
  const Frame left = forwarded(query);
  respond(left, kServfail, Opt{});
  rig.verdict();
  // Somebody comes up: it may be better now.
  pool_is(config::Health::down);
  rig.pass(1);
  pool_is(config::Health::up);
  respond(forwarded(query), {.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}}, Opt{});
  EXPECT_EQ(rig.verdict(), "classify.response remember.renewed response.returned");
}

// Of many that fail each is asked more and more seldom, 5 s apart at last, and one of them a second.
TEST_F(RecallTest, ManyThatFailAreAskedMoreSeldom) {
  const auto asked_in_a_second = [&] {
    unsigned asked = 0;
    for (int tenth = 0; tenth < 10; ++tenth) {
      for (unsigned number = 0; number < 20; ++number) {
        const auto sent = ask(studio(number));
        if (sent.size() != 1 || sent[0].port != 1) continue;
        ++asked;
        respond(read(sent[0].bytes).value(), kServfail);
      }
      rig.pass(100);
    }
    return asked;
  };
  EXPECT_EQ(asked_in_a_second(), 20U);
  unsigned asked = 0;
  for (int second = 0; second < 30; ++second) asked += asked_in_a_second();
  EXPECT_GE(asked, 20U * 6);
  EXPECT_LE(asked, 20U * 9 + 30);
  rig.verdict();
}

// The pool is well again: all of its failures are void.
TEST_F(RecallTest, AGoodAnswerAfterFailuresVoidsThemAll) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  for (int second = 0; second < 34; ++second) {
    for (const unsigned number : {1, 2, 3})
      for (const Sent& sent : ask(studio(number)))
        if (sent.port == 1) respond(read(sent.bytes).value(), kServfail);
    rig.pass(1000);
  }
  rig.verdict();
  teach(studio(4), response);
  for (const unsigned number : {1, 2, 3}) teach(studio(number), response, "remember.renewed response.returned");
}

// Among good answers a failure is the name's: a second is kept, and no more.
TEST_F(RecallTest, AFailureAmongGoodAnswers) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  unsigned number = 100;
  for (int i = 0; i < 5; ++i) {
    teach(studio(number++), response);
    respond(forwarded(studio(1)), kServfail);
    rig.verdict();
    teach(studio(number++), response);
    ask(studio(1));
    EXPECT_EQ(rig.verdict(), "classify.query query.answered_failure");
    rig.pass(500);
    teach(studio(number++), response);
    rig.pass(499);
    ask(studio(1));
    EXPECT_EQ(rig.verdict(), "classify.query query.answered_failure");
    rig.pass(1);
  }
}

// RFC 8767 section 4: the last word of the server, though nobody may keep it.
TEST_F(RecallTest, WhatIsNotKeptTakesAwayWhatItSupersedes) {
  const TestRecord soa{.type = 6, .ttl = 0, .data = soa_data(0)};
  TestResponse large{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  for (int i = 0; i < 18; ++i) large.answer.push_back({.type = 16, .ttl = 60, .data = Bytes(200, 199)});
  struct Case {
    const char* description;
    TestResponse newest;
    bool stays = false;
  };
  const TestResponse old{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  const Case cases[] = {
      {.description = "TTL 0",
       .newest = {.flags = 0x8180, .answer = {{.ttl = 0, .data = {10, 16, 9, 99}}}, .authority = {}, .additional = {}}},
      {.description = "NXDOMAIN without SOA",
       .newest = {.flags = 0x8183, .answer = {}, .authority = {}, .additional = {}}},
      {.description = "NODATA, SOA with TTL 0",
       .newest = {.flags = 0x8180, .answer = {}, .authority = {soa}, .additional = {}}},
      {.description = "TC", .newest = {.flags = 0x8380, .answer = {}, .authority = {}, .additional = {}}},
      {.description = "over 3 KB", .newest = large},
      {.description = "a failure", .newest = kServfail, .stays = true},
  };
  unsigned number = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    const DnsQuery query = studio(++number);
    teach(query, old);
    rig.pass(kMinute);
    const Frame left = forwarded(query);
    Frame frame = answer_to_query(left);
    frame.payload = write(c.newest, left.payload);
    rte_mbuf* mbuf = rig.pool.take(write(frame), FramePool::kHeadroom, 8192);
    rig.receive(1, {&mbuf, 1});
    rig.pass(2000);
    rig.verdict();
    ask(query);
    if (c.stays) {
      EXPECT_EQ(rig.verdict(), "classify.query query.answered_stale refresh.sent");
      continue;
    }
    EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
    EXPECT_EQ(get16(give_up().payload, 2) & 15, 2);
    rig.verdict();
    respond(forwarded(studio(1000 + number)), old);  // somebody is back
    rig.verdict();
  }
}

// What came over TCP is not contradicted by its not fitting over UDP.
TEST_F(RecallTest, ACutAnswerDoesNotTakeAwayALongOne) {
  TestResponse large{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  for (int i = 0; i < 8; ++i) large.answer.push_back({.type = 16, .ttl = 60, .data = Bytes(200, 199)});
  teach(studio(), large);
  rig.pass(kMinute);
  respond(forwarded(studio()), {.flags = 0x8380, .answer = {}, .authority = {}, .additional = {}});
  rig.verdict();
  forwarded(studio());
  give_up();
  EXPECT_EQ(rig.verdict(), "remember.failure retry.sent=2 sweep.expired_stale");
}

// A probe that is answered with an error says nothing of what clients ask.
TEST_F(RecallTest, NothingExpiredWhileOnlyProbesFail) {
  TestResponse response{.flags = 0x8180, .answer = {{.ttl = 2}}, .authority = {}, .additional = {}};
  pool_is(config::Health::down, true);
  const char* stored = "remember.stored response.returned";
  for (uint8_t last = 1; last < 6; ++last) {
    response.answer[0].data = {10, 16, 9, last};
    teach(studio(), response, stored);
    stored = "remember.renewed response.returned";
    rig.pass(4000);
  }
  // Nor do probes without an answer, once clients have had one.
  pool_is(config::Health::up);
  pool_is(config::Health::down);
  const auto sent = ask(studio());
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_stale refresh.sent");
  ASSERT_EQ(sent.size(), 2U);
  rig.pass(1);
  respond(read(sent[1].bytes).value(), response);
  rig.pass(4000);
  rig.verdict();
  teach(studio(), response, stored);
  // Until one waits in vain.
  rig.pass(4000);
  forwarded(studio());
  give_up();
  rig.verdict();
  ask(studio());
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_stale refresh.sent");
}

TEST_F(RecallTest, WhatIsAskedOftenIsRenewedInTime) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  teach(studio(), response);
  rig.pass(30'000);
  for (int i = 0; i < 3; ++i) expect_from_memory(studio(), response, 30);
  rig.pass(24'100);
  const auto sent = ask(studio());
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_cached refresh.sent");
  expect_from_memory(studio(), response, 6);  // one query, not one for each client
  ASSERT_EQ(sent.size(), 2U);
  const Frame renewal = read(sent[1].bytes).value();
  EXPECT_TRUE(respond(renewal, response).empty());
  EXPECT_EQ(rig.verdict(), "classify.response remember.renewed response.refreshed");
  expect_from_memory(studio(), response, 60);
}

TEST_F(RecallTest, ARenewalThatFailsLeavesTheAnswer) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  teach(studio(), response);
  for (int i = 0; i < 3; ++i) expect_from_memory(studio(), response, 60);
  rig.pass(55'000);
  const auto sent = ask(studio());
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_cached refresh.sent");
  ASSERT_EQ(sent.size(), 2U);
  EXPECT_TRUE(respond(read(sent[1].bytes).value(), kServfail).empty());
  EXPECT_EQ(rig.verdict(), "classify.response remember.failure response.refreshed");
  expect_from_memory(studio(), response, 5);
  rig.pass(1001);
  EXPECT_EQ(ask(studio()).size(), 2U);  // once more
  rig.verdict();
  for (int turns = 0; turns < 4; ++turns) {
    rig.pass(600);
    rig.sweep();
  }
  EXPECT_EQ(rig.verdict(), "remember.failure retry.sent=2 sweep.expired_refresh");
}

TEST_F(RecallTest, SeldomAskedAnswersAreLeftToExpire) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  teach(studio(), response);
  rig.pass(58'000);
  expect_from_memory(studio(), response, 2);
}

TEST_F(RecallTest, RandomNamesDoNotPushOutWhatIsAskedOften) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  for (unsigned hot = 0; hot < 100; ++hot) teach(studio(hot), response);
  uint64_t hits = 0;
  unsigned scanned = 1000;
  for (int round = 0; round < 40; ++round) {
    for (unsigned hot = 0; hot < 100; ++hot) {
      const auto sent = ask(studio(hot));
      if (sent.size() == 1 && sent[0].port == 0) ++hits;
      for (const Sent& one : sent)
        if (one.port == 1) respond(read(one.bytes).value(), response);
    }
    for (int i = 0; i < 500; ++i) respond(only(ask(studio(scanned++)), 1), response);
  }
  rig.verdict();
  EXPECT_GT(rig.answers->evicted(), 10'000U);
  EXPECT_GE(hits, 3990U) << "of 4000";
}

}  // namespace
}  // namespace penstock::test
