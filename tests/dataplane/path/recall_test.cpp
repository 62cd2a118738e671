// tests/dataplane/path/recall_test.cpp - answers from memory: fresh, expired, renewed, of failures; and what never gets there.
#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

const char* const kRules = R"(
ports:
  - {name: corp, device: "vdev:net_null0"}
  - {name: vpc, device: "vdev:net_null1"}
listen: [192.168.10.86, "fd00::86"]
clients: {allow: [192.168.0.0/16, "fd00::/8"], allow_snoop: [192.168.66.0/24]}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10, 10.16.2.10]}
  office: {kind: recursive, endpoints: ["fd16::10"]}
zones:
  - {zone: studio.us-east-1.sagemaker.aws, pool: vpc, expect: [10.16.0.0/16]}
  - {zone: uncached.example, pool: vpc, cache: off}
default: {pool: office}
)";

constexpr uint64_t kMinute = 60'000;  // ms
const TestResponse kServfail{.flags = 0x8182, .answer = {}, .authority = {}, .additional = {}};

class RecallTest : public PathTest {
 protected:
  explicit RecallTest(const RigOptions& options = {.rules = kRules, .cache_size = 1 << 20}) : PathTest(options) {}

  DnsQuery named(std::string name, uint16_t type = 1) {
    return {.id = ++id_, .flags = 0x0100, .question = {.name = std::move(name), .type = type}, .opt = {}};
  }
  DnsQuery studio(unsigned number = 0) {
    return named("d-" + std::to_string(number) + ".studio.us-east-1.sagemaker.aws");
  }
  std::vector<Sent> ask(const DnsQuery& query, const char* client = "192.168.10.20") {
    return rig.receive(0, {write(from_client(write(query), client))});
  }
  // It leaves to an endpoint.
  Frame forwarded(const DnsQuery& query) {
    const Frame left = only(ask(query), 1);
    EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
    return left;
  }
  std::vector<Sent> respond(const Frame& query, const TestResponse& response, std::optional<Opt> opt = {}) {
    Frame frame = answer_to_query(query);
    frame.payload = write(response, query.payload, opt);
    return rig.receive(1, {write(frame)});
  }
  // An endpoint answers the question, so that it is remembered.
  void teach(const DnsQuery& query, const TestResponse& response,
             const char* verdict = "remember.stored response.returned") {
    respond(forwarded(query), response, query.opt);
    EXPECT_EQ(rig.verdict(), "classify.response " + std::string(verdict));
  }
  // The client gets `response` with these TTLs, from memory.
  void expect_from_memory(const DnsQuery& query, TestResponse response, uint32_t ttl,
                          const char* outcome = "answered_cached", std::optional<uint16_t> error = {}) {
    const Frame back = only(ask(query), 0);
    EXPECT_EQ(rig.verdict(), std::string("classify.query query.") + outcome);
    for (auto* section : {&response.answer, &response.authority, &response.additional})
      for (TestRecord& record : *section) record.ttl = ttl;
    std::optional<Opt> opt = query.opt;
    if (opt) opt = Opt{.udp_size = 1232, .dnssec_ok = opt->dnssec_ok, .extended_error = error};
    EXPECT_EQ(to_hex(back.payload), to_hex(write(response, write(query), opt)));
  }
  void pool_is(config::Health health) {
    for (const char* endpoint : {"10.16.1.10", "10.16.2.10"}) {
      config::EndpointState state = rig.endpoint(endpoint);
      state.health = health;
      rig.set_endpoint(endpoint, state);
    }
  }
  // Nobody answers: what the client has got when its patience is over.
  Frame give_up() {
    for (int retries = 0; retries < 4; ++retries) {
      rig.pass(600);
      for (const Sent& sent : rig.sweep())
        if (sent.port == 0) return read(sent.bytes).value();
    }
    return {};
  }

  uint16_t id_ = 0x100;
};

TEST_F(RecallTest, GivesTheAnswerInTheNextClientsWords) {
  TestResponse response{.flags = 0x8580, .answer = {{.ttl = 60}}, .authority = {}, .additional = {}};  // AA
  teach(studio(), response);
  response.flags = 0x8180;  // AA is for what is our own
  expect_from_memory(studio(), response, 60);
  rig.pass(10'400);
  expect_from_memory(studio(), response, 50);
  DnsQuery typed = named("D-0.sTuDiO.us-East-1.sagemaker.aws");
  expect_from_memory(typed, response, 50);
  rig.pass(43'100);
  expect_from_memory(studio(), response, 7);
  rig.pass(6'500);
  forwarded(studio());
}

TEST_F(RecallTest, OnlyForTheSameQuestion) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  teach(studio(), response);
  struct Case {
    const char* description;
    void (*change)(DnsQuery&);
  };
  const Case cases[] = {
      {"name", [](DnsQuery& q) { q.question.name = "d-1.studio.us-east-1.sagemaker.aws"; }},
      {"type", [](DnsQuery& q) { q.question.type = 28; }},
      {"class", [](DnsQuery& q) { q.question.query_class = 3; }},
      {"CD", [](DnsQuery& q) { q.flags |= 0x0010; }},
      {"AD", [](DnsQuery& q) { q.flags |= 0x0020; }},
      {"OPT", [](DnsQuery& q) { q.opt = Opt{}; }},
      {"DO", [](DnsQuery& q) { q.opt = Opt{.udp_size = 1232, .dnssec_ok = true, .extended_error = {}}; }},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    DnsQuery query = studio();
    c.change(query);
    const Frame left = forwarded(query);
    respond(left, kServfail, query.opt);
    rig.verdict();
  }
  expect_from_memory(studio(), response, 60);
}

TEST_F(RecallTest, AnOptIsOursAndOnlyForWhoSentOne) {
  DnsQuery query = studio();
  query.opt = Opt{.udp_size = 4096, .dnssec_ok = true, .extended_error = {}};
  const TestResponse response{
      .flags = 0x81a0, .answer = {{}}, .authority = {}, .additional = {{.type = 16, .ttl = 60, .data = {1, 'x'}}}};
  teach(query, response);
  query.id = 0x777;
  query.opt->udp_size = 1400;
  expect_from_memory(query, response, 60);  // AD is kept
}

TEST_F(RecallTest, CutsWhatTheClientDoesNotTake) {
  DnsQuery query = studio();
  query.opt = Opt{};
  TestResponse response{.flags = 0x8180, .answer = {}, .authority = {}, .additional = {}};
  for (int i = 0; i < 4; ++i) response.answer.push_back({.type = 16, .ttl = 60, .data = Bytes(200, 199)});
  teach(query, response);
  query.opt->udp_size = 512;
  const Frame back = only(ask(query), 0);
  EXPECT_EQ(rig.verdict(), "classify.query query.answered_cached");
  DnsQuery expected = query;
  expected.flags = 0x8380;
  expected.opt->udp_size = 1232;
  EXPECT_EQ(to_hex(back.payload), to_hex(write(expected)));
}

TEST_F(RecallTest, WhatIsNotKept) {
  struct Case {
    const char* description;
    TestResponse response;
    const char* verdict;
    uint16_t type = 1;
  };
  const TestRecord soa{.type = 6, .ttl = 900, .data = soa_data(60)};
  const Case cases[] = {
      {"truncated", {.flags = 0x8380, .answer = {}, .authority = {}, .additional = {}}, "not_kept"},
      {"TTL 0", {.flags = 0x8180, .answer = {{.ttl = 0}}, .authority = {}, .additional = {}}, "not_kept"},
      {"one TTL of 0",
       {.flags = 0x8180, .answer = {{.ttl = 60}, {.ttl = 0}}, .authority = {}, .additional = {}},
       "not_kept"},
      {"a TTL with the highest bit",
       {.flags = 0x8180, .answer = {{.ttl = 0x80000000}}, .authority = {}, .additional = {}},
       "not_kept"},
      {"NXDOMAIN without SOA", {.flags = 0x8183, .answer = {}, .authority = {}, .additional = {}}, "not_kept"},
      {"NXDOMAIN, MINIMUM 0",
       {.flags = 0x8183, .answer = {}, .authority = {{.type = 6, .ttl = 900, .data = soa_data(0)}}, .additional = {}},
       "not_kept"},
      {"a TSIG",
       {.flags = 0x8180,
        .answer = {{}},
        .authority = {},
        .additional = {{.type = 250, .ttl = 0, .data = {0}, .owner = {0}}}},
       "not_kept"},
      {"TKEY", {.flags = 0x8180, .answer = {{.type = 249}}, .authority = {}, .additional = {}}, "not_kept", 249},
      {"AXFR",
       {.flags = 0x8180, .answer = {{.type = 6, .ttl = 900, .data = soa_data(60)}}, .authority = {}, .additional = {}},
       "not_kept",
       252},
  };
  unsigned number = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    DnsQuery query = studio(++number);
    query.question.type = c.type;
    teach(query, c.response, ("remember." + std::string(c.verdict) + " response.returned").c_str());
    forwarded(query);
  }
  // Somebody's own: neither remembered nor looked for.
  const DnsQuery plain = studio(100);
  Bytes with_option = write(plain);
  put16(with_option, 10, 1);
  for (const uint8_t octet : {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 8, 0, 8, 0, 4, 0, 1, 0, 0})
    with_option.push_back(octet);  // ECS
  const Frame left = only(rig.receive(0, {write(from_client(with_option))}), 1);
  respond(left, {.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}});
  EXPECT_EQ(rig.verdict(), "classify.query classify.response query.forwarded response.returned");
}

TEST_F(RecallTest, ThatThereIsNothing) {
  const TestRecord soa{.type = 6, .ttl = 900, .data = soa_data(120)};
  const TestResponse nodata{.flags = 0x8180, .answer = {}, .authority = {soa}, .additional = {}};
  const TestResponse nxdomain{.flags = 0x8183, .answer = {}, .authority = {soa}, .additional = {}};
  const TestResponse bare{.flags = 0x8180, .answer = {}, .authority = {}, .additional = {}};
  teach(studio(1), nodata);
  teach(studio(2), nxdomain);
  teach(studio(3), bare);
  rig.pass(4000);
  expect_from_memory(studio(1), nodata, 116);
  expect_from_memory(studio(2), nxdomain, 116);
  expect_from_memory(studio(3), bare, 0);
  rig.pass(1000);
  forwarded(studio(3));  // 5 s without a SOA
  // 300 s at most from inbound endpoints, 15 s from others.
  TestResponse long_lived = nxdomain;
  long_lived.authority[0].data = soa_data(100'000);
  teach(studio(4), long_lived);
  expect_from_memory(studio(4), long_lived, 300);
  teach(named("no.example"), long_lived);
  expect_from_memory(named("no.example"), long_lived, 15);
  // And from an Active Directory of its services 5 s; a minute of what is there.
  teach(named("_ldap._tcp.dc._msdcs.corp.example", 33), long_lived);
  expect_from_memory(named("_ldap._tcp.dc._msdcs.corp.example", 33), long_lived, 5);
  const TestResponse record{.flags = 0x8180,
                            .answer = {{.type = 33, .ttl = 3600, .data = {0, 0, 0, 0, 0, 1, 0}}},
                            .authority = {},
                            .additional = {}};
  teach(named("_gc._tcp.corp.example", 33), record);
  expect_from_memory(named("_gc._tcp.corp.example", 33), record, 60);
}

TEST_F(RecallTest, NotWhereItIsOff) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  teach(named("a.uncached.example"), response, "response.returned");
  forwarded(named("a.uncached.example"));
}

TEST_F(RecallTest, NoSnooping) {
  DnsQuery query = studio();
  query.flags = 0;
  EXPECT_EQ(to_hex(only(ask(query), 0).payload), to_hex(own_answer(query, 5)));
  EXPECT_EQ(rig.verdict(), "classify.query query.refused_snoop");
  ask(query, "192.168.66.7");
  EXPECT_EQ(rig.verdict(), "classify.query query.forwarded");
}

TEST_F(RecallTest, AddressesTakeTurns) {
  TestResponse response{.flags = 0x8180, .answer = {}, .authority = {}, .additional = {}};
  for (uint8_t last = 1; last <= 3; ++last) response.answer.push_back({.data = {10, 16, 0, last}});
  teach(studio(), response);
  std::string firsts;
  for (int i = 0; i < 6; ++i) {
    const Frame back = only(ask(studio()), 0);
    const size_t end = back.payload.size();
    firsts += std::to_string(back.payload[end - 33]);
    const int sum = back.payload[end - 33] + back.payload[end - 17] + back.payload[end - 1];
    EXPECT_EQ(sum, 6);
  }
  EXPECT_TRUE(firsts == "123123" || firsts == "231231" || firsts == "312312") << firsts;
}

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
    std::string rules = kRules;
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

TEST_F(RecallTest, FailuresAreRememberedForLongerEachTime) {
  DnsQuery query = studio();
  query.opt = Opt{};
  for (const uint64_t seconds : {1, 2, 4, 8, 16, 30, 30}) {
    SCOPED_TRACE(seconds);
    const Frame left = forwarded(query);
    respond(left, kServfail, Opt{});
    EXPECT_EQ(rig.verdict(), "classify.response remember.failure response.returned");
    rig.pass(seconds * 1000 - 1);
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

TEST_F(RecallTest, LeaksNeverGetIn) {
  const TestResponse leak{.flags = 0x8180, .answer = {{.data = {52, 1, 2, 3}}}, .authority = {}, .additional = {}};
  for (const bool alarm : {false, true}) {
    SCOPED_TRACE(alarm);
    std::string rules = kRules;
    const std::string expect = "expect: [10.16.0.0/16]";
    if (alarm) rules.replace(rules.find(expect), expect.size(), expect + ", on_leak: alarm");
    rig.load(rules);
    respond(forwarded(studio()), leak);
    EXPECT_EQ(rig.verdict(), alarm ? "classify.response guard.alarmed response.returned"
                                   : "classify.response guard.blocked response.blocked");
    forwarded(studio());
    give_up();
    rig.pass(kMinute);
    rig.verdict();
  }
}

TEST_F(RecallTest, RulesThatChangeAndRulesThatDoNot) {
  const TestResponse response{.flags = 0x8180, .answer = {{}}, .authority = {}, .additional = {}};
  const TestResponse chain{
      .flags = 0x8180,
      .answer = {{.type = 5, .ttl = 60, .data = wire_name("www.cdn.example")},
                 {.type = 1, .ttl = 60, .data = {52, 1, 2, 3}, .owner = wire_name("www.cdn.example")}},
      .authority = {},
      .additional = {}};
  teach(studio(), response);
  teach(named("www.example"), chain);
  rig.load(kRules);
  expect_from_memory(studio(), response, 60);
  expect_from_memory(named("www.example"), chain, 60);

  // Another zone, that is private: what was judged without it is judged again.
  std::string more = kRules;
  more.insert(more.find("default:"), "  - {zone: cdn.example, pool: vpc, expect: [10.16.0.0/16]}\n");
  rig.load(more);
  expect_from_memory(studio(), response, 60);
  respond(forwarded(named("www.example")), chain);
  EXPECT_EQ(rig.verdict(), "classify.response guard.chain_cut response.chased");

  // A hole in a private zone closes.
  std::string hole = more;
  hole.insert(hole.find("default:"), "  - {zone: www.cdn.example, pool: office}\n");
  rig.load(hole);
  teach(named("other.example"), chain);
  rig.load(more);
  respond(forwarded(named("other.example")), chain);
  EXPECT_EQ(rig.verdict(), "classify.response guard.chain_cut response.chased");

  // Other endpoints: nobody knows what they would say.
  std::string moved = kRules;
  moved.replace(moved.find("10.16.2.10"), 10, "10.16.3.10");
  rig.load(moved);
  forwarded(studio());
  give_up();
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
