#include "control/queries/answer_counts.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

bool within_five_seconds(const std::function<bool()>& done) {
  for (unsigned i = 0; i < 500; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

config::Rule rule(const std::string& origin, bool is_built_in = false) {
  config::Rule made;
  made.origin = origin;
  made.is_built_in = is_built_in;
  return made;
}

std::shared_ptr<config::Model> office() {
  auto model = std::make_shared<config::Model>();
  model->rules = {rule("zones[0]"), rule("built in", true), rule("default"), rule("partners.txt"),
                  rule("partners.txt")};
  model->default_rule = 2;
  model->zones.add(*config::parse_name("corp.example"), config::Scope::zone, 0, {.file = 0, .line = 4});
  model->zones.add(*config::parse_name("lab.example"), config::Scope::below, 0, {.file = 0, .line = 4});
  model->zones.add(*config::parse_name("partner.example"), config::Scope::zone, 3, {.file = 1, .line = 1});
  return model;
}

struct AnswerCountsTest : testing::Test {
  AnswerCountsTest() { page->started_at = static_cast<uint64_t>(time(nullptr)) + 1; }
  void begin(const std::shared_ptr<config::Model>& model, uint64_t generation = 7) {
    counts.use(*model, generation);
    counts.attach({page.get(), [](const config::CounterPage*) {}});
  }
  void put(uint16_t rule, uint8_t rcode, uint32_t generation = 7) {
    config::NotedDecision made = noted("www.corp.example", "10.0.0.1", rcode);
    made.decision.rule = rule;
    made.decision.generation = generation;
    test::put(*page, at % 2, at, made);
    ++at;
  }
  // "zones[0] corp.example 1 0 0 0 0 0", of rules that were asked.
  std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    for (const RuleAnswers& one : counts.answers()) {
      std::string line = one.rule + " " + one.zone;
      uint64_t all = 0;
      for (const uint64_t count : one.rcodes) {
        line += " " + std::to_string(count);
        all += count;
      }
      if (all != 0) lines.push_back(line);
    }
    return lines;
  }
  void expect(const std::vector<std::string>& wanted) {
    EXPECT_TRUE(within_five_seconds([&] { return lines() == wanted; })) << testing::PrintToString(lines());
  }

  OwnedCounterPage page = new_page(2);
  AnswerCounts counts;
  uint64_t at = 0;
};

TEST_F(AnswerCountsTest, EachRuleHasItsRcodes) {
  begin(office());
  for (const uint8_t rcode : {0, 0, 2, 3, 5, 1, 4, 255}) put(0, rcode);
  put(1, 3);
  put(2, 0);
  put(3, 0);
  put(4, 2);
  put(config::kNoDecisionRule, 5);
  put(99, 0);
  expect({"zones[0] corp.example 2 1 1 1 2 1", "default  1 0 0 0 0 0", "partners.txt  1 1 0 0 0 0",
          "other  1 0 1 0 0 0", "none  0 0 0 1 0 0"});
  EXPECT_EQ(counts.missed(), 0U);
}

// Rule 0 is another one afterwards. What the dataplane decided by the rules of before is still counted by those.
TEST_F(AnswerCountsTest, AReloadMakesNoRuleAnother) {
  begin(office());
  put(0, 0);
  auto after = std::make_shared<config::Model>();
  after->rules = {rule("zones[0]"), rule("zones[1]")};
  after->zones.add(*config::parse_name("new.example"), config::Scope::zone, 0, {.file = 0, .line = 3});
  after->zones.add(*config::parse_name("corp.example"), config::Scope::zone, 1, {.file = 0, .line = 4});
  expect({"zones[0] corp.example 1 0 0 0 0 0"});
  counts.foresee(*after, 8);
  put(1, 5, 8);
  expect({"zones[0] corp.example 1 0 0 0 0 0"});
  counts.use(*after, 8);
  put(0, 2, 8);
  put(1, 0, 8);
  put(0, 0, 7);
  put(0, 0, 3);
  expect({"zones[0] new.example 0 1 0 0 0 0", "zones[1] corp.example 1 0 0 1 0 0", "other  1 0 0 0 0 0"});
  counts.use(*office(), 9);
  expect({"zones[0] corp.example 2 0 0 0 0 0", "other  1 0 0 0 0 0"});
}

// Started again within a second, with another number of lcores.
TEST_F(AnswerCountsTest, AnotherDataplaneOfTheSameSecondIsCountedToo) {
  begin(office());
  for (unsigned i = 0; i < 20; ++i) put(0, 0);
  expect({"zones[0] corp.example 20 0 0 0 0 0"});
  const OwnedCounterPage other = new_page(1);
  other->started_at = page->started_at;
  counts.attach({other.get(), [](const config::CounterPage*) {}});
  config::NotedDecision made = noted("www.corp.example", "10.0.0.1", 2);
  made.decision.rule = 0;
  made.decision.generation = 7;
  test::put(*other, 0, 1, made);
  expect({"zones[0] corp.example 20 1 0 0 0 0"});
  counts.attach(nullptr);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));  // the thread may still read it
}

TEST_F(AnswerCountsTest, NoMoreThanSixtyFourRulesAreCountedApart) {
  auto model = std::make_shared<config::Model>();
  for (unsigned i = 0; i < 200; ++i) {
    model->rules.push_back(rule("zones[" + std::to_string(i) + "]"));
    model->zones.add(*config::parse_name("z" + std::to_string(i) + ".example"), config::Scope::zone, i, {});
  }
  model->rules.push_back(rule("default"));
  model->default_rule = 200;
  begin(model);
  for (const uint16_t asked : {63, 64, 199, 200}) put(asked, 0);
  expect({"zones[63] z63.example 1 0 0 0 0 0", "default  1 0 0 0 0 0", "other  2 0 0 0 0 0"});
  EXPECT_EQ(counts.answers().size(), AnswerCounts::kMostRules + 3);
}

TEST_F(AnswerCountsTest, WhatTheRingOverwroteIsMissed) {
  for (uint64_t i = 0; i < config::DecisionRing::kSlots; ++i) put(0, 0);
  begin(office());
  ASSERT_TRUE(within_five_seconds([&] { return !lines().empty(); }));
  EXPECT_EQ(counts.missed(), 0U) << "what is oldest is where it begins";
  counts.attach(nullptr);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::vector<std::string> before = lines();
  for (uint64_t i = 0; i < 2 * config::DecisionRing::kSlots; ++i) put(0, 0);
  begin(office());
  ASSERT_TRUE(within_five_seconds([&] { return lines() != before; }));
  EXPECT_GT(counts.missed(), config::DecisionRing::kSlots / 3);
}

}  // namespace
}  // namespace penstock::control::test
