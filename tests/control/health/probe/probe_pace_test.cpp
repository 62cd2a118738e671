// tests/control/health/probe/probe_pace_test.cpp - two in a second at most; the gaps of an endpoint that is down.
#include "control/health/probe/probe_pace.h"

#include <gtest/gtest.h>

namespace penstock::control {
namespace {

using namespace std::chrono_literals;

TEST(ProbePace, TwoInASecond) {
  ProbePace pace;
  ProbePace::Time now{100s};
  EXPECT_LE(pace.earliest(), now);
  pace.sent(now);
  EXPECT_LE(pace.earliest(), now) << "the second may follow at once";
  pace.sent(now + 300ms);
  EXPECT_EQ(pace.earliest(), now + 1s);
  pace.sent(now + 1s);
  EXPECT_EQ(pace.earliest(), now + 1300ms);
}

TEST(ProbePace, GapsOfOneThatIsDown) {
  const struct {
    std::chrono::milliseconds interval;
    uint32_t failures;
    std::chrono::milliseconds longest;
  } cases[] = {
      {.interval = 1s, .failures = 0, .longest = 1s},           {.interval = 1s, .failures = 1, .longest = 2s},
      {.interval = 1s, .failures = 3, .longest = 8s},           {.interval = 1s, .failures = 4, .longest = 10s},
      {.interval = 1s, .failures = 4000000000, .longest = 10s}, {.interval = 30s, .failures = 0, .longest = 30s},
      {.interval = 30s, .failures = 5, .longest = 30s}};
  for (const auto& one : cases) {
    EXPECT_EQ(down_gap(one.interval, one.failures, 0), one.longest);
    EXPECT_GE(down_gap(one.interval, one.failures, 0.999), one.longest * 3 / 4);
    EXPECT_LT(down_gap(one.interval, one.failures, 0.5), one.longest);
  }
}

}  // namespace
}  // namespace penstock::control
