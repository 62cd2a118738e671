// tests/dataplane/path/query/views_test.cpp - zones that are for some clients only: who gets which answer, fresh, shared, remembered,
// behind a chain, and after a reload.
#include <map>

#include "tests/dataplane/path/answer_text.h"
#include "tests/dataplane/path/path_test.h"

namespace penstock::test {
namespace {

constexpr uint16_t kA = 1, kCname = 5;
constexpr const char* kMl = "192.168.20.7";       // group ml
constexpr const char* kLab = "192.168.30.7";      // group lab
constexpr const char* kOffice = "192.168.10.20";  // no group

const std::string kHead = R"(
ports: [{name: corp, device: "vdev:net_null0"}, {name: vpc, device: "vdev:net_null1"}]
listen: [192.168.10.86]
clients:
  allow: [192.168.0.0/16]
  groups: {ml: {prefixes: [192.168.20.0/24]}, lab: {prefixes: [192.168.30.0/24]}, visitors: {prefixes: [192.168.40.0/24]}}
pools:
  vpc: {kind: route53-inbound, endpoints: [10.16.1.10]}
  lab: {kind: route53-inbound, endpoints: [10.16.3.10]}
  office: {kind: recursive, endpoints: [10.16.2.10]}
  special: {kind: recursive, endpoints: [10.16.4.10]}
default: {pool: office}
)";
const std::string kRules = kHead + R"(
zones:
  - {zone: ml.example, pool: vpc, clients: [ml]}
  - {zone: both.example, pool: vpc, clients: [ml], otherwise: next}
  - {zone: both.example, pool: lab, clients: [lab]}
  - {zone: open.example, pool: special, clients: [ml], otherwise: next}
  - {zone: deep.open.example, pool: special, clients: [lab], otherwise: next}
  - {name: www.open.example, answer: 10.9.9.9, clients: [lab], otherwise: next}
  - {zone: "*.star.example", pool: special, clients: [ml, lab], otherwise: next}
  - {zone: star.example, answer: nodata}
  - {zone: local.example, clients: [ml, lab], otherwise: next, records: ["to CNAME a.ml.example.", "out CNAME www.org."]}
  - {zone: same.example, pool: special, clients: [ml], otherwise: next}
  - {zone: same.example, pool: special, clients: [lab], otherwise: next}
  - {zone: alias.example, records: ["to CNAME a.ml.example.", "mine CNAME x.local.example."]}
)";

class ViewsTest : public PathTest {
 protected:
  explicit ViewsTest(const RigOptions& options = {.rules = kRules, .cache_size = 1 << 20}) : PathTest(options) {
    for (const char* endpoint : {"10.16.3.10", "10.16.4.10"}) rig.set_endpoint(endpoint, rig.endpoint("10.16.1.10"));
  }
  static Frame query(const std::string& name, const char* client, uint16_t type = kA, uint16_t id = 0x1234) {
    return from_client(
        write(DnsQuery{.id = id, .question = {.name = name, .type = type}, .opt = Opt{.extended_error = {}}}), client);
  }
  std::vector<Sent> ask(const std::string& name, const char* client, uint16_t id = 0x1234) {
    return rig.receive(0, {write(query(name, client, kA, id))});
  }
  static Frame respond(const Frame& query, const std::vector<Rr>& records, uint16_t rcode = 0) {
    Frame response = answer_to_query(query);
    response.payload = answer(query.payload, rcode, records);
    return response;
  }
  // Who is asked, or the rcode and EDE that the client gets at once, or "memory".
  std::string outcome(const std::string& name, const char* client) {
    const auto sent = ask(name, client);
    if (sent.size() != 1) return std::to_string(sent.size()) + " frames";
    const Frame frame = read(sent[0].bytes).value();
    if (sent[0].port == 0) return rcode_of(frame);
    rig.receive(1, {write(respond(frame, {{name, kA, ip("10.16.7.7")}}))});
    return config::to_string(frame.destination);
  }
  // What leaves while an endpoint says nothing.
  std::vector<Sent> overdue() {
    std::vector<Sent> all;
    for (int i = 0; i < 5; ++i) {
      rig.pass(300);
      for (Sent& one : rig.sweep()) all.push_back(std::move(one));
    }
    return all;
  }
  static std::string rcode_of(const Frame& frame) {
    if (frame.payload.size() < 12) return "no answer";
    std::string text = "rcode " + std::to_string(get16(frame.payload, 2) & 0xf);
    if (get16(frame.payload, 6) != 0) return text + " with an answer";
    const std::string hex = to_hex(frame.payload);
    if (hex.find("000f000200") != std::string::npos) text += " EDE " + std::to_string(frame.payload.back());
    return text;
  }
};

TEST_F(ViewsTest, WhoGetsWhat) {
  struct Case {
    const char* name;
    const char* client;
    const char* outcome;
  };
  const Case cases[] = {
      {.name = "a.ml.example", .client = kMl, .outcome = "10.16.1.10"},
      {.name = "a.ml.example", .client = kLab, .outcome = "rcode 5 EDE 18"},
      {.name = "ml.example", .client = kOffice, .outcome = "rcode 5 EDE 18"},
      {.name = "b.both.example", .client = kMl, .outcome = "10.16.1.10"},
      {.name = "b.both.example", .client = kLab, .outcome = "10.16.3.10"},
      {.name = "b.both.example", .client = kOffice, .outcome = "rcode 5 EDE 18"},
      {.name = "c.open.example", .client = kMl, .outcome = "10.16.4.10"},
      {.name = "c.open.example", .client = kLab, .outcome = "10.16.2.10"},
      {.name = "x.deep.open.example", .client = kLab, .outcome = "10.16.4.10"},
      {.name = "y.deep.open.example", .client = kMl, .outcome = "10.16.4.10"},      // by the shorter one
      {.name = "z.deep.open.example", .client = kOffice, .outcome = "10.16.2.10"},  // by the default
      {.name = "www.open.example", .client = kLab, .outcome = "rcode 0 with an answer"},
      {.name = "www.open.example", .client = kMl, .outcome = "10.16.4.10"},
      {.name = "below.www.open.example", .client = kLab, .outcome = "10.16.2.10"},
      {.name = "s.star.example", .client = kMl, .outcome = "10.16.4.10"},
      {.name = "s.star.example", .client = kOffice, .outcome = "rcode 0 EDE 15"},
      {.name = "star.example", .client = kMl, .outcome = "rcode 0 EDE 15"},
      {.name = "alias.example", .client = kOffice, .outcome = "rcode 0"},
      {.name = "to.alias.example", .client = kOffice, .outcome = "rcode 5 EDE 18"},  // leads where it may not
      {.name = "to.alias.example", .client = kMl, .outcome = "10.16.1.10"},
      {.name = "mine.alias.example",
       .client = kOffice,
       .outcome = "10.16.2.10"},  // leads to a zone that is passed: asked of the default
      {.name = "www.org", .client = kMl, .outcome = "10.16.2.10"},
  };
  for (const Case& one : cases) EXPECT_EQ(outcome(one.name, one.client), one.outcome) << one.name << " " << one.client;
  EXPECT_EQ(rig.counters().lcore[0].query[config::QueryOutcome::refused_view].get(), 4U);
}

TEST_F(ViewsTest, WhatOneIsToldTheOtherIsNot) {
  EXPECT_EQ(outcome("b.both.example", kMl), "10.16.1.10");
  EXPECT_EQ(outcome("b.both.example", kLab), "10.16.3.10");
  EXPECT_EQ(outcome("b.both.example", kMl), "rcode 0 with an answer");  // each from memory now
  EXPECT_EQ(outcome("b.both.example", kLab), "rcode 0 with an answer");
  EXPECT_EQ(outcome("b.both.example", kOffice), "rcode 5 EDE 18");
  // Another rule is another answer, though the pool is the same.
  EXPECT_EQ(outcome("c.same.example", kMl), "10.16.4.10");
  EXPECT_EQ(outcome("c.same.example", kLab), "10.16.4.10");
  // What does not depend on the client is remembered for all.
  EXPECT_EQ(outcome("www.org", kMl), "10.16.2.10");
  EXPECT_EQ(outcome("www.org", kOffice), "rcode 0 with an answer");
}

TEST_F(ViewsTest, FlightsAreSharedWithinAClassOnly) {
  const Frame first = only(ask("www.org", kMl), 1);
  EXPECT_EQ(ask("www.org", "192.168.20.8").size(), 0U);
  EXPECT_EQ(rig.verdict(), "classify.query=2 query.forwarded query.joined");
  const auto sent = ask("www.org", kOffice);
  ASSERT_EQ(sent.size(), 1U);
  const Frame second = read(sent[0].bytes).value();
  // Visitors are in no view: as clients of no group.
  EXPECT_EQ(ask("www.org", "192.168.40.8").size(), 0U);
  EXPECT_EQ(rig.verdict(), "classify.query=2 query.forwarded query.joined");
  rig.receive(1, {write(answer_to_query(first)), write(answer_to_query(second))});
  EXPECT_EQ(rig.sweep().size(), 2U);
}

TEST_F(ViewsTest, AChainIntoAZoneThatTheClientMayNotSeeIsCut) {
  const std::vector<Rr> chain = {{.owner = "www.org", .type = kCname, .data = name("a.ml.example")},
                                 {.owner = "a.ml.example", .type = kA, .data = ip("203.0.113.9")}};
  const Frame to_office = only(ask("www.org", kOffice), 1);
  const Frame to_ml = only(ask("www.org", kMl), 1);
  const Frame back = only(rig.receive(1, {write(respond(to_office, chain))}), 0);
  EXPECT_EQ(rcode_of(back), "rcode 2 EDE 18");
  EXPECT_EQ(to_hex(back.payload).find("cb007109"), std::string::npos);
  // The member's is completed.
  const Frame chased = only(rig.receive(1, {write(respond(to_ml, chain))}), 1);
  EXPECT_EQ(config::to_string(chased.destination), "10.16.1.10");
  const Frame completed = only(rig.receive(1, {write(respond(chased, {{"a.ml.example", kA, ip("10.16.5.5")}}))}), 0);
  EXPECT_NE(to_hex(completed.payload).find("0a100505"), std::string::npos);
  // And not remembered: it is good for members only.
  EXPECT_EQ(rig.answers->entries(), 0U);
  only(ask("www.org", kOffice), 1);
}

TEST_F(ViewsTest, APrivateAnswerDoesNotLeadOnToAZoneThatTheClientMayNotSee) {
  const Frame to_lab = only(ask("b.both.example", kLab), 1);
  const std::vector<Rr> chain = {{.owner = "b.both.example", .type = kCname, .data = name("a.ml.example")},
                                 {.owner = "a.ml.example", .type = kA, .data = ip("10.16.5.5")}};
  EXPECT_EQ(rcode_of(only(rig.receive(1, {write(respond(to_lab, chain))}), 0)), "rcode 2 EDE 18");
  const Frame to_ml = only(ask("b.both.example", kMl), 1);
  EXPECT_EQ(rcode_of(only(rig.receive(1, {write(respond(to_ml, chain))}), 0)), "rcode 0 with an answer");
  EXPECT_EQ(rig.answers->entries(), 0U);
}

TEST_F(ViewsTest, AfterAReloadNobodyGetsWhatIsNotForHimNow) {
  // One alone is asked again by the rules in force, and judged by them.
  rig.load(kHead);
  only(ask("a.both.example", kLab), 1);
  rig.load(kRules);
  const auto retried = overdue();
  ASSERT_FALSE(retried.empty()) << rig.verdict();
  EXPECT_EQ(config::to_string(read(retried[0].bytes).value().destination), "10.16.3.10");
  rig.receive(1, {write(respond(read(retried[0].bytes).value(), {{"a.both.example", kA, ip("10.16.7.7")}}))});
  rig.verdict();
  // Both have joined one flight, by rules that know no view of the name.
  rig.load(kHead);
  const Frame left = only(ask("a.ml.example", kMl), 1);
  ask("a.ml.example", "192.168.20.9");
  rig.load(kRules);
  EXPECT_TRUE(overdue().empty());  // nobody knows whose pool it is to be asked of
  EXPECT_NE(rig.verdict().find("retry.no_endpoint"), std::string::npos);
  const auto sent = rig.receive(1, {write(respond(left, {{"a.ml.example", kA, ip("10.16.5.5")}}))});
  EXPECT_EQ(rcode_of(only(sent, 0)), "rcode 2 EDE 0");
  for (const Sent& one : rig.sweep()) EXPECT_EQ(rcode_of(read(one.bytes).value()).substr(0, 7), "rcode 2");
}

// The issue's proof: two groups, one name, a hundred thousand times, mostly from memory.
TEST_F(ViewsTest, AHundredThousandTimes) {
  std::map<std::string, Bytes> own = {{kMl, ip("10.16.1.1")}, {kLab, ip("10.16.3.3")}};
  uint64_t answers = 0;
  for (unsigned i = 0; i < 100'000; ++i) {
    const char* client = i % 2 == 0 ? kMl : kLab;
    if (i % 1000 == 0) rig.pass(1000);
    auto sent = ask("b.both.example", client, static_cast<uint16_t>(i));
    // What an endpoint was asked it answers: for this client, or to renew what is remembered for its group.
    for (size_t at = 0; at < sent.size(); ++at) {
      const Frame frame = read(sent[at].bytes).value();
      if (sent[at].port == 1) {
        ASSERT_EQ(config::to_string(frame.destination), client == kMl ? "10.16.1.10" : "10.16.3.10");
        const auto more = rig.receive(1, {write(respond(frame, {{"b.both.example", kA, own[client]}}))});
        sent.insert(sent.end(), more.begin(), more.end());
        continue;
      }
      ASSERT_EQ(config::to_string(frame.destination), client);
      const Bytes& dns = frame.payload;
      const auto found = std::search(dns.begin(), dns.end(), own[client].begin(), own[client].end());
      ASSERT_NE(found, dns.end()) << i << " " << to_hex(dns);
      ++answers;
    }
  }
  EXPECT_EQ(answers, 100'000U);
  EXPECT_GT(rig.counters().lcore[0].query[config::QueryOutcome::answered_cached].get(), 99'000U);
}

}  // namespace
}  // namespace penstock::test
