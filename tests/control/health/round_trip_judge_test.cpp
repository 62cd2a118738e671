// tests/control/health/round_trip_judge_test.cpp - far above what it was, for more than a moment.
#include "control/health/round_trip_judge.h"

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
      {"nothing is known", {}, false},
      {"as it always was", {{400, 50}}, false},
      {"far above what it was", {{5, 20}, {200, 5}}, true},
      {"two late ones of five", {{5, 20}, {300, 2}}, false},
      {"four times nothing much", {{5, 20}, {90, 20}}, false},
      {"twice what is much already", {{300, 20}, {600, 20}}, false},
      {"better", {{5, 20}, {200, 10}, {5, 5}}, false},
      {"nearly as it was", {{5, 20}, {200, 10}, {40, 5}}, false},
      {"half way", {{5, 20}, {200, 10}, {120, 5}}, true},
      {"still, after two minutes", {{5, 20}, {200, 120}}, true},
      {"the usual by now", {{5, 20}, {200, 1500}}, false},
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
