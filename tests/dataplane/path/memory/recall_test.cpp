// tests/dataplane/path/memory/recall_test.cpp - answers from memory while they are fresh, and what never gets there.
#include <map>
#include <random>
#include <set>

#include "tests/dataplane/path/recall_fixture.h"

namespace penstock::test {
namespace {

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
      {"class", [](DnsQuery& q) { q.question.query_class = 255; }},
      {"CD", [](DnsQuery& q) { q.flags |= 0x0010; }},
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

// Six kinds of clients, and the endpoint is asked for each that has another answer: without DO, with DO, and with DO and CD.
TEST_F(RecallTest, OneAnswerForAllWhoHaveTheSame) {
  const TestResponse validated{.flags = 0x81a0, .answer = {{}}, .authority = {}, .additional = {}};
  struct Client {
    const char* description;
    uint16_t flags;
    std::optional<Opt> opt;
    bool sees_ad;
  };
  const Opt dnssec{.dnssec_ok = true};
  const Client clients[] = {{.description = "no OPT", .flags = 0x0100, .opt = {}, .sees_ad = false},
                            {.description = "an OPT", .flags = 0x0100, .opt = Opt{}, .sees_ad = false},
                            {.description = "AD", .flags = 0x0120, .opt = {}, .sees_ad = true},
                            {.description = "an OPT and AD", .flags = 0x0120, .opt = Opt{}, .sees_ad = true},
                            {.description = "DO", .flags = 0x0100, .opt = dnssec, .sees_ad = true},
                            {.description = "DO and AD", .flags = 0x0120, .opt = dnssec, .sees_ad = true}};
  unsigned asked = 0;
  for (size_t first = 0; first < std::size(clients); ++first)
    for (size_t i = 0; i < std::size(clients); ++i) {
      const Client& client = clients[(first + i) % std::size(clients)];
      SCOPED_TRACE(testing::Message() << "first " << clients[first].description << ", now " << client.description);
      DnsQuery query = studio(static_cast<unsigned>(first));
      query.flags = client.flags;
      query.opt = client.opt;
      auto sent = ask(query);
      ASSERT_EQ(sent.size(), 1U);
      if (sent[0].port == 1) {
        ++asked;
        const Frame left = read(sent[0].bytes).value();
        EXPECT_EQ(to_hex(left.payload).substr(4), to_hex(to_endpoint(write(query))).substr(4));
        sent = respond(left, validated, Opt{.dnssec_ok = client.opt && client.opt->dnssec_ok});
      }
      TestResponse expected = validated;
      if (!client.sees_ad) expected.flags = 0x8180;
      EXPECT_EQ(to_hex(only(sent, 0).payload), to_hex(write(expected, write(query), query.opt)));
    }
  EXPECT_EQ(asked, 2 * std::size(clients));
  rig.verdict();
  // Nor is anybody left out when nobody answers any more.
  pool_is(config::Health::down);
  rig.pass(kMinute);
  for (const Client& client : clients) {
    DnsQuery query = studio(0);
    query.flags = client.flags;
    query.opt = client.opt;
    ask(query);
    EXPECT_EQ(rig.verdict().substr(0, 35), "classify.query query.answered_stale") << client.description;
  }
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
      {.description = "truncated",
       .response = {.flags = 0x8380, .answer = {}, .authority = {}, .additional = {}},
       .verdict = "not_kept"},
      {.description = "TTL 0",
       .response = {.flags = 0x8180, .answer = {{.ttl = 0}}, .authority = {}, .additional = {}},
       .verdict = "not_kept"},
      {.description = "one TTL of 0",
       .response = {.flags = 0x8180, .answer = {{.ttl = 60}, {.ttl = 0}}, .authority = {}, .additional = {}},
       .verdict = "not_kept"},
      {.description = "a TTL with the highest bit",
       .response = {.flags = 0x8180, .answer = {{.ttl = 0x80000000}}, .authority = {}, .additional = {}},
       .verdict = "not_kept"},
      {.description = "NXDOMAIN without SOA",
       .response = {.flags = 0x8183, .answer = {}, .authority = {}, .additional = {}},
       .verdict = "not_kept"},
      {.description = "NXDOMAIN, MINIMUM 0",
       .response = {.flags = 0x8183,
                    .answer = {},
                    .authority = {{.type = 6, .ttl = 900, .data = soa_data(0)}},
                    .additional = {}},
       .verdict = "not_kept"},
      {.description = "TKEY",
       .response = {.flags = 0x8180, .answer = {{.type = 249}}, .authority = {}, .additional = {}},
       .verdict = nullptr,
       .type = 249},
  };
  unsigned number = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.description);
    DnsQuery query = studio(++number);
    query.question.type = c.type;
    const std::string remembered = c.verdict == nullptr ? "" : "remember." + std::string(c.verdict) + " ";
    teach(query, c.response, (remembered + "response.returned").c_str());
    forwarded(query);
  }
  // Of no meaning that we know: neither remembered nor looked for.
  const DnsQuery plain = studio(100);
  Bytes unusual = write(plain);
  put16(unusual, 2, 0x0140);  // Z
  const Frame left = only(rig.receive(0, {write(from_client(unusual))}), 1);
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

// The first client's own memory must not outlive ours.
TEST_F(RecallTest, LimitsHoldForWhoAsksFirst) {
  std::string rules = kRecallRules;
  const std::string pool = "endpoints: [10.16.1.10, 10.16.2.10]";
  rules.replace(rules.find(pool), pool.size(), pool + ", cache: {max_ttl: 10, max_negative_ttl: 7}");
  rig.load(rules);
  const auto first_of = [&](const DnsQuery& query, const TestResponse& response) {
    const Frame left = forwarded(query);
    const Frame back = only(respond(left, response), 0);
    rig.verdict();
    return to_hex(back.payload);
  };
  const TestRecord soa{.type = 6, .ttl = 900, .data = soa_data(300)};
  TestResponse response{.flags = 0x8180, .answer = {{.ttl = 248}}, .authority = {}, .additional = {}};
  TestResponse negative{.flags = 0x8183, .answer = {}, .authority = {soa}, .additional = {}};
  TestResponse zero{.flags = 0x8180, .answer = {{.ttl = 0}, {.ttl = 248}}, .authority = {}, .additional = {}};
  const DnsQuery queries[] = {studio(1), studio(2), studio(3), named("uncached.example"), named("www.example")};
  const std::string got[] = {first_of(queries[0], response), first_of(queries[1], negative), first_of(queries[2], zero),
                             first_of(queries[3], response), first_of(queries[4], response)};
  EXPECT_EQ(got[3], to_hex(write(response, write(queries[3])))) << "nothing is remembered of it: as the server said";
  EXPECT_EQ(got[4], to_hex(write(response, write(queries[4])))) << "of another pool";
  expect_from_memory(studio(1), response, 10);
  expect_from_memory(studio(2), negative, 7);
  response.answer[0].ttl = 10;
  negative.authority[0].ttl = 7;
  zero.answer[1].ttl = 10;
  EXPECT_EQ(got[0], to_hex(write(response, write(queries[0]))));
  EXPECT_EQ(got[1], to_hex(write(negative, write(queries[1]))));
  EXPECT_EQ(got[2], to_hex(write(zero, write(queries[2]))));
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

TEST_F(RecallTest, AddressesTakeTurnsAmongThoseWhoWaitToo) {
  TestResponse response{.flags = 0x8180, .answer = {}, .authority = {}, .additional = {}};
  for (uint8_t last = 1; last <= 3; ++last) response.answer.push_back({.data = {10, 16, 0, last}});
  const Frame left = forwarded(studio());
  for (const char* client : {"192.168.10.21", "192.168.10.22", "192.168.10.23"}) ask(studio(), client);
  respond(left, response);
  std::multiset<int> firsts;
  for (const Sent& sent : rig.sweep()) {
    const Frame back = read(sent.bytes).value();
    firsts.insert(back.payload[back.payload.size() - 33]);
  }
  EXPECT_EQ(firsts, (std::multiset<int>{1, 2, 3}));
}

// Random time, answers, flushes and questions against a map of what must be remembered, and until when.
TEST_F(RecallTest, RemembersWhatANaiveMapDoes) {
  struct Known {
    uint64_t until;  // ns
    uint8_t number;
  };
  std::map<unsigned, Known> known;
  std::mt19937 random(5);
  unsigned hits = 0, misses = 0;
  for (unsigned step = 0; step < 20'000; ++step) {
    rig.pass(random() % 400);
    const unsigned name = random() % 40;
    const std::string text = "n" + std::to_string(name) + ".office.example";
    if (random() % 50 == 0) {
      const Bytes wire = wire_name(text);
      const bool all = random() % 10 == 0;
      rig.answers->flush(all ? config::FlushScope::all : config::FlushScope::name, wire);
      if (all) {
        known.clear();
      } else {
        known.erase(name);
      }
      continue;
    }
    const auto sent = ask(named(text));
    ASSERT_EQ(sent.size(), 1U);
    const auto expected = known.find(name);
    const bool is_known = expected != known.end() && rig.now < expected->second.until;
    ASSERT_EQ(sent[0].port, is_known ? 0U : 1U) << text << " in step " << step;
    const Frame frame = read(sent[0].bytes).value();
    if (is_known) {
      ++hits;
      const Bytes& payload = frame.payload;
      EXPECT_EQ(payload.back(), expected->second.number);
      const uint64_t left = (expected->second.until - rig.now + 999'999'999) / 1'000'000'000;
      EXPECT_EQ(get16(payload, payload.size() - 8), left);  // the TTL's lower half
      continue;
    }
    ++misses;
    const auto number = static_cast<uint8_t>(random());
    const uint32_t ttl = random() % 30;
    respond(frame,
            {.flags = 0x8180, .answer = {{.ttl = ttl, .data = {10, 0, 0, number}}}, .authority = {}, .additional = {}});
    known[name] = {rig.now + ttl * uint64_t{1'000'000'000}, number};
  }
  rig.verdict();
  EXPECT_GT(hits, 5000U);
  EXPECT_GT(misses, 5000U);
}

TEST_F(RecallTest, LeaksNeverGetIn) {
  const TestResponse leak{.flags = 0x8180, .answer = {{.data = {52, 1, 2, 3}}}, .authority = {}, .additional = {}};
  for (const bool alarm : {false, true}) {
    SCOPED_TRACE(alarm);
    std::string rules = kRecallRules;
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
  rig.load(kRecallRules);
  expect_from_memory(studio(), response, 60);
  expect_from_memory(named("www.example"), chain, 60);

  // Another zone, that is private: what was judged without it is judged again.
  std::string more = kRecallRules;
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
  std::string moved = kRecallRules;
  moved.replace(moved.find("10.16.2.10"), 10, "10.16.3.10");
  rig.load(moved);
  forwarded(studio());
  give_up();
}

}  // namespace
}  // namespace penstock::test
