// tests/dataplane/path/flight/note_test.cpp - what is noted of each query when it is over.
#include "tests/dataplane/path/path_test.h"
#include "tests/support/messages.h"

namespace penstock::test {
namespace {

using config::DecidedBy;
using config::Decision;

class NoteTest : public PathTest {
 protected:
  explicit NoteTest(const RigOptions& options = {}) : PathTest(options) {}

  // What was noted since the last call.
  std::vector<config::NotedDecision> noted() {
    std::vector<config::NotedDecision> all;
    while (const auto one = rig.counters().lcore[0].decisions.read(read_)) {
      read_ = one->next;
      all.push_back(*one);
    }
    return all;
  }
  // The one thing that was.
  config::NotedDecision only_noted() {
    const auto all = noted();
    EXPECT_EQ(all.size(), 1U);
    return all.empty() ? config::NotedDecision{} : all.front();
  }

 private:
  uint64_t read_ = 0;
};

std::string name_in(const config::NotedDecision& noted) {
  std::string text;
  for (size_t at = 0; at + 1 < noted.decision.name_length; at += size_t{noted.name[at]} + 1) {
    if (at != 0) text += '.';
    text.append(reinterpret_cast<const char*>(&noted.name[at + 1]), noted.name[at]);
  }
  return text;
}

std::string client_in(const Decision& decision) {
  config::IpAddress address;
  address.bytes = decision.client;
  address.family = (decision.traits & config::kDecisionIpv6) != 0 ? 6 : 4;
  return config::to_string(address) + ":" + std::to_string(decision.client_port);
}

TEST_F(NoteTest, AQueryThatWeAnswerOurselvesIsNotedAtOnce) {
  struct Row {
    const char* description;
    DnsQuery query;
    const char* client;
    config::QueryOutcome outcome;
    uint8_t rcode;
    uint16_t extended_error;
    bool has_rule;
  };
  const Row rows[] = {
      {.description = "NXDOMAIN by a rule",
       .query = {.id = 7, .question = {.name = "Ads.blocked.example", .type = 28}, .opt = Opt{}},
       .client = "192.168.10.20",
       .outcome = config::QueryOutcome::answered_nxdomain,
       .rcode = 3,
       .extended_error = 15,
       .has_rule = true},
      {.description = "a client that may not ask",
       .query = {.id = 8, .question = {.name = "a.empty.example"}, .opt = Opt{}},
       .client = "10.66.0.1",
       .outcome = config::QueryOutcome::refused_client,
       .rcode = 5,
       .extended_error = 18,
       .has_rule = false},
      {.description = "no endpoint, without an OPT: no text for the reason",
       .query = {.id = 9, .question = {.name = "unreachable.example"}, .opt = {}},
       .client = "192.168.10.20",
       .outcome = config::QueryOutcome::servfail_no_next_hop,
       .rcode = 2,
       .extended_error = config::kNoExtendedError,
       .has_rule = true},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.description);
    const Frame answer = forward(from_client(write(row.query), row.client), 0);
    const auto one = only_noted();
    EXPECT_EQ(one.decision.by, DecidedBy::query);
    EXPECT_EQ(static_cast<config::QueryOutcome>(one.decision.outcome), row.outcome);
    EXPECT_EQ(one.decision.rcode, row.rcode);
    EXPECT_EQ(one.decision.extended_error, row.extended_error);
    EXPECT_EQ(one.decision.rule != config::kNoDecisionRule, row.has_rule);
    EXPECT_EQ(name_in(one), row.query.question.name.find("Ads") == 0 ? "ads.blocked.example" : row.query.question.name);
    EXPECT_EQ(one.decision.type, row.query.question.type);
    EXPECT_EQ(one.decision.query_class, 1);
    EXPECT_EQ(one.decision.id, row.query.id);
    EXPECT_EQ(client_in(one.decision), std::string(row.client) + ":40000");
    EXPECT_EQ(one.decision.size, answer.payload.size());
    EXPECT_EQ(one.decision.at, rig.now);
    EXPECT_EQ(one.decision.took_us, 0U);
    EXPECT_EQ(one.decision.sends, 0);
    EXPECT_EQ((one.decision.traits & config::kDecisionOpt) != 0, row.query.opt.has_value());
  }
}

TEST_F(NoteTest, AForwardedQueryIsNotedOnceItsAnswerLeaves) {
  DnsQuery query = studio_query();
  query.opt = Opt{.dnssec_ok = true};
  const Frame left = forward(from_client(write(query)));
  EXPECT_TRUE(noted().empty());
  Frame joined = from_client(write(query), "192.168.10.21");
  EXPECT_TRUE(rig.receive(0, {write(joined)}).empty());
  EXPECT_TRUE(noted().empty());
  rig.pass(12);
  const Frame answer = only(rig.receive(1, {write(answer_to_query(left))}), 0);
  rig.sweep();
  const auto all = noted();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].decision.by, DecidedBy::response);
  EXPECT_EQ(all[0].decision.outcome, static_cast<uint8_t>(config::ResponseOutcome::returned));
  EXPECT_EQ(client_in(all[0].decision), "192.168.10.20:40000");
  EXPECT_EQ(all[1].decision.by, DecidedBy::waiter);
  EXPECT_EQ(all[1].decision.outcome, static_cast<uint8_t>(config::WaiterOutcome::answered));
  EXPECT_EQ(client_in(all[1].decision), "192.168.10.21:40000");
  for (const auto& one : all) {
    EXPECT_EQ(name_in(one), query.question.name);
    EXPECT_EQ(one.decision.took_us, 12'000U);
    EXPECT_EQ(one.decision.rcode, 0);
    EXPECT_EQ(one.decision.type, 1);
    EXPECT_EQ(one.decision.sends, 1);
    EXPECT_EQ(one.decision.size, answer.payload.size());
    EXPECT_NE(one.decision.endpoint_slot, config::kNoEndpointSlot);
    EXPECT_NE(one.decision.rule, config::kNoDecisionRule);
    EXPECT_EQ(one.decision.generation, rig.generation());
    EXPECT_EQ(one.decision.traits,
              config::kDecisionOpt | config::kDecisionDnssecOk | config::kDecisionRecursionDesired);
  }
}

TEST_F(NoteTest, ASilentPoolIsNotedWithItsSendsAndTheTimeItTook) {
  forward(from_client(write(studio_query())));
  for (unsigned i = 0; i < 30; ++i) {
    rig.pass(100);
    rig.sweep();
  }
  const auto one = only_noted();
  EXPECT_EQ(one.decision.by, DecidedBy::sweep);
  EXPECT_EQ(one.decision.outcome, static_cast<uint8_t>(config::SweepOutcome::expired));
  EXPECT_EQ(one.decision.rcode, 2);
  EXPECT_EQ(one.decision.sends, state::kMaxSends);
  EXPECT_NEAR(one.decision.took_us, 1'800'000, 100'001);
}

TEST_F(NoteTest, WhatIsNoQueryHasNoName) {
  EXPECT_TRUE(rig.receive(0, {write(from_client(Bytes{1, 2, 3}))}).empty());
  const auto one = only_noted();
  EXPECT_EQ(one.decision.outcome, static_cast<uint8_t>(config::QueryOutcome::ignored_short));
  EXPECT_EQ(one.decision.name_length, 0);
  EXPECT_EQ(one.decision.rcode, config::kNotAnswered);
  EXPECT_EQ(one.decision.size, 0);
  EXPECT_EQ(client_in(one.decision), "192.168.10.20:40000");
}

class NoteMemoryTest : public NoteTest {
 protected:
  NoteMemoryTest() : NoteTest({.rules = "", .cache_size = 1 << 20}) {}
};

TEST_F(NoteMemoryTest, ARememberedAnswerIsNotedWithItsRule) {
  const Frame left = forward(from_client(write(studio_query())));
  const Frame first = only(rig.receive(1, {write(answer_to_query(left))}), 0);
  const auto forwarded = only_noted();
  const Frame again = forward(from_client(write(studio_query())), 0);
  const auto remembered = only_noted();
  EXPECT_EQ(remembered.decision.outcome, static_cast<uint8_t>(config::QueryOutcome::answered_cached));
  EXPECT_EQ(remembered.decision.rule, forwarded.decision.rule);
  EXPECT_EQ(remembered.decision.size, again.payload.size());
  EXPECT_EQ(remembered.decision.endpoint_slot, config::kNoEndpointSlot);
}

}  // namespace
}  // namespace penstock::test
