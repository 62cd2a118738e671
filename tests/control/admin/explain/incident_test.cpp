// tests/control/admin/explain/incident_test.cpp - explain of a question that is forwarded: what is cached, what is sent to whom, and what clients get.
#include "control/admin/explain/incident.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "control/admin/commands.h"
#include "control/admin/render.h"
#include "tests/control/admin/explain/entries.h"
#include "tests/control/admin/fake_operations.h"

namespace penstock::control {
namespace {

using nlohmann::json;

const std::string kName = "a.studio.us-east-1.sagemaker.aws";

// A query for the name, with RD, AD and an OPT of 1232 octets; as an answer with its flags and so many records behind the question.
std::vector<uint8_t> message_of(uint16_t flags, unsigned answers, const std::string& body) {
  std::string text("\0\0\0\0\0\1\0\0\0\0\0\1", 12);
  text[2] = static_cast<char>(flags >> 8);
  text[3] = static_cast<char>(flags);
  text[7] = static_cast<char>(answers);
  text += config::parse_name(kName).value() + std::string("\0\1\0\1", 4) + body;
  text += std::string("\0\0\x29\x04\xd0\0\0\0\0\0\0", 11);
  return {text.begin(), text.end()};
}

struct IncidentTest : testing::Test {
  IncidentTest() {
    control.find(0, "studio.us-east-1.sagemaker.aws", false);
    config::Composed composed;
    composed.generation = 7;
    composed.identity = 7;
    const auto query = message_of(0x0120, 0, "");
    std::copy(query.begin(), query.end(), composed.message.begin());
    composed.length = static_cast<uint16_t>(query.size());
    control.composed = composed;
    control.answers = [](const ProbeTarget&, bool) {
      return ProbeResult{.answered = true,
                         .reason = "answers",
                         .round_trip = std::chrono::microseconds(12'300),
                         .message = message_of(0x8180, 1, kAddress)};
    };
  }
  json explain(bool send, const char* client = "") {
    json answer;
    Commands(control).run(
        json{{"command", "explain"}, {"name", kName}, {"type", "A"}, {"client", client}, {"send", send}}.dump(),
        [&](const json& given) { answer = given; });
    return answer;
  }
  void be_policy(config::Policy policy) {
    control.change([&](config::Model& model) { model.pools[0].policy = policy; });
  }
  std::vector<std::string> asked() const {
    std::vector<std::string> all;
    for (const auto& [target, tcp] : control.exchanges)
      all.push_back(target.server.to_string() + (tcp ? " tcp" : " udp"));
    return all;
  }
  FakeOperations control;
};

TEST_F(IncidentTest, TellsWhatIsCachedAndWhatWouldBeSent) {
  control.pages.resize(2);
  control.pages[0].head.next = 1;
  control.pages[1].head.generation = 7;
  add_entry(control.pages[1], cached_address(), kName, kAddress);
  config::CachedAnswer of_others = cached_address();
  of_others.identity = 8;
  add_entry(control.pages[1], of_others, kName, kAddress);
  config::CachedAnswer unused = cached_address();
  unused.state = config::CachedState::unused;
  add_entry(control.pages[1], unused, kName, kAddress);
  const json answer = explain(false);
  ASSERT_EQ(answer["memory"].size(), 1U) << "what other rules' clients get, or nobody, is not theirs";
  EXPECT_EQ(answer["memory"][0]["ttl_left_s"], 246);
  EXPECT_EQ(answer["query"]["udp_size"], 1232);
  EXPECT_EQ(answer["query"]["flags"], (json{"RD", "AD"}));
  EXPECT_EQ(answer["query"]["name"], kName);
  EXPECT_FALSE(answer.contains("sent"));
  EXPECT_TRUE(control.exchanges.empty());
  const std::string words = render_explain(answer);
  for (const char* part : {"holds    fresh: NOERROR, 1 record, 246 s left of 300 s, stored 54 s ago", "(asked with RD)",
                           "RD AD, EDNS 1232 octets, no option; over UDP, from a random port", "least-outstanding"})
    EXPECT_NE(words.find(part), std::string::npos) << part << "\n" << words;
}

TEST_F(IncidentTest, SendsToThoseThatThePolicyChoosesAmong) {
  struct Row {
    const char* description;
    config::Policy policy;
    bool first_is_down = false;
    bool second_is_down = false;
    const char* client = "";
    std::vector<std::string> asked;
  };
  const Row rows[] = {
      {.description = "in turn",
       .policy = config::Policy::least_outstanding,
       .asked = {"10.16.1.10 udp", "10.16.2.10 udp"}},
      {.description = "the first of an order", .policy = config::Policy::ordered, .asked = {"10.16.1.10 udp"}},
      {.description = "the next of an order",
       .policy = config::Policy::ordered,
       .first_is_down = true,
       .asked = {"10.16.2.10 udp"}},
      {.description = "not one that is down",
       .policy = config::Policy::weighted,
       .second_is_down = true,
       .asked = {"10.16.1.10 udp"}},
      {.description = "those that are left",
       .policy = config::Policy::round_robin,
       .first_is_down = true,
       .second_is_down = true,
       .asked = {"10.16.1.10 udp", "10.16.2.10 udp"}},
      {.description = "not back to who asks",
       .policy = config::Policy::round_robin,
       .client = "10.16.1.10",
       .asked = {"10.16.2.10 udp"}},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.description);
    be_policy(row.policy);
    control.endpoint(0).state.health = row.first_is_down ? config::Health::down : config::Health::up;
    control.endpoint(1).state.health = row.second_is_down ? config::Health::down : config::Health::up;
    config::Found found = *control.found;
    found.may_ask = 1;
    control.found = found;
    control.exchanges.clear();
    const json answer = explain(true, row.client);
    EXPECT_EQ(asked(), row.asked);
    EXPECT_EQ(answer["sent"].size(), row.asked.size());
    for (const auto& [target, tcp] : control.exchanges) EXPECT_EQ(target.query.size(), control.composed->length);
  }
}

TEST_F(IncidentTest, TheVerdictIsTheDataplanes) {
  struct Row {
    const char* description;
    config::GuardFinding finding;
    uint16_t flags;
    bool alarm = false;
    bool ok = false;
    const char* words;
  };
  const Row rows[] = {
      {.description = "good",
       .finding = config::GuardFinding::passed,
       .flags = 0x8180,
       .ok = true,
       .words = "client gets  this answer"},
      {.description = "a leak",
       .finding = config::GuardFinding::leak,
       .flags = 0x8180,
       .words = "SERVFAIL (EDE 17, Filtered)"},
      {.description = "a leak that is let through",
       .finding = config::GuardFinding::leak,
       .flags = 0x8180,
       .alarm = true,
       .words = "on_leak: alarm"},
      {.description = "SERVFAIL",
       .finding = config::GuardFinding::passed,
       .flags = 0x8182,
       .words = "client gets  SERVFAIL"},
      {.description = "NXDOMAIN",
       .finding = config::GuardFinding::passed,
       .flags = 0x8183,
       .ok = true,
       .words = "NXDOMAIN, "},
  };
  be_policy(config::Policy::ordered);
  for (const Row& row : rows) {
    SCOPED_TRACE(row.description);
    config::Judged judged;
    judged.finding = row.finding;
    judged.alarm = row.alarm ? 1 : 0;
    judged.rule = config::RuleIndex{0};
    control.judged = judged;
    const auto message = message_of(row.flags, 1, kAddress);
    control.answers = [&](const ProbeTarget&, bool) {
      return ProbeResult{.reason = {}, .round_trip = std::chrono::microseconds(1500), .message = message};
    };
    const json answer = explain(true);
    ASSERT_EQ(answer["sent"].size(), 1U);
    EXPECT_EQ(answer["sent"][0]["verdict"]["ok"], row.ok);
    EXPECT_EQ(answer["sent"][0]["ms"], 1.5);
    EXPECT_EQ(control.judges.back().second, message) << "the very octets";
    EXPECT_NE(render_explain(answer).find(row.words), std::string::npos) << render_explain(answer);
  }
}

TEST_F(IncidentTest, WhatIsCutShortIsAskedOverTcpAndSilenceIsTold) {
  be_policy(config::Policy::ordered);
  control.answers = [](const ProbeTarget&, bool tcp) {
    return tcp ? ProbeResult{.reason = "connection refused"}
               : ProbeResult{
                     .reason = {}, .round_trip = std::chrono::microseconds(900), .message = message_of(0x8380, 0, "")};
  };
  const json answer = explain(true);
  EXPECT_EQ(asked(), (std::vector<std::string>{"10.16.1.10 udp", "10.16.1.10 tcp"}));
  ASSERT_EQ(answer["sent"].size(), 2U);
  EXPECT_EQ(answer["sent"][0]["verdict"]["finding"], "truncated");
  EXPECT_EQ(answer["sent"][1]["verdict"]["finding"], "no_answer");
  EXPECT_EQ(answer["sent"][1]["verdict"]["text"], "connection refused");
  EXPECT_TRUE(control.judges.empty()) << "there was nothing to judge";
  const auto& tcp = control.exchanges[1].first;
  EXPECT_EQ(tcp.timeout * 2, control.exchanges[0].first.timeout) << "a probe over TCP takes twice its time";
}

TEST_F(IncidentTest, WhatCannotBeFoundOutIsToldAndTheRestIsShown) {
  control.composed = tl::make_unexpected(std::string("the dataplane did not answer within 2 s"));
  const json answer = explain(true);
  EXPECT_EQ(answer["ok"], true);
  EXPECT_EQ(answer["not_known"], (json{"the dataplane did not answer within 2 s"}));
  EXPECT_NE(render_explain(answer).find("unknown"), std::string::npos);
  EXPECT_TRUE(control.exchanges.empty());
}

}  // namespace
}  // namespace penstock::control
