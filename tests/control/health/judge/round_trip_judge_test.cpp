// tests/control/health/judge/round_trip_judge_test.cpp - far above what it was, for more than a moment.
#include "control/health/judge/round_trip_judge.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::control {
namespace {

struct Phase {
  int ms;
  int probes;
};

TEST(RoundTripJudge, Slow) {
  const struct {
    const char* description;
    std::vector<Phase> phases;
    bool slow;
  } cases[] = {
      {.description = "nothing is known", .phases = {}, .slow = false},
      {.description = "as it always was", .phases = {{400, 50}}, .slow = false},
      {.description = "far above what it was", .phases = {{5, 20}, {200, 5}}, .slow = true},
      {.description = "two late ones of five", .phases = {{5, 20}, {300, 2}}, .slow = false},
      {.description = "four times nothing much", .phases = {{5, 20}, {90, 20}}, .slow = false},
      {.description = "twice what is much already", .phases = {{300, 20}, {600, 20}}, .slow = false},
      {.description = "better", .phases = {{5, 20}, {200, 10}, {5, 5}}, .slow = false},
      {.description = "nearly as it was", .phases = {{5, 20}, {200, 10}, {40, 5}}, .slow = false},
      {.description = "half way", .phases = {{5, 20}, {200, 10}, {120, 5}}, .slow = true},
      {.description = "still, after two minutes", .phases = {{5, 20}, {200, 120}}, .slow = true},
      {.description = "the usual by now", .phases = {{5, 20}, {200, 1500}}, .slow = false},
  };
  for (const auto& one : cases) {
    RoundTripJudge judge;
    for (const Phase& phase : one.phases)
      for (int i = 0; i < phase.probes; ++i) judge.add(std::chrono::milliseconds(phase.ms));
    EXPECT_EQ(judge.slow(), one.slow) << one.description;
  }
}

TEST(RoundTripJudge, SaysHowMuch) {
  RoundTripJudge judge;
  for (int i = 0; i < 20; ++i) judge.add(std::chrono::milliseconds(5));
  for (int i = 0; i < 3; ++i) judge.add(std::chrono::milliseconds(212));
  EXPECT_EQ(judge.reason(), "probes take 212 ms, usually 5 ms");
}

}  // namespace
}  // namespace penstock::control
