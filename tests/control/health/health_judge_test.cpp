// tests/control/health/health_judge_test.cpp - rise, fall and the reasons, as a table of probe results.
#include "control/health/health_judge.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::control {
namespace {

using config::Health;

const char* kNone = "no answer in 500 ms";

struct Step {
  bool tcp;
  const char* failure;  // null: answered
};
constexpr Step kOk{false, nullptr};
const Step kSilent{false, kNone};
constexpr Step kServfail{false, "SERVFAIL"};
constexpr Step kTcpOk{true, nullptr};
constexpr Step kTcpRefused{true, "connection refused"};

TEST(HealthJudge, FollowsRiseAndFall) {
  const struct {
    const char* description;
    std::vector<Step> steps;
    Health state;
    const char* reason;
    int changes;
  } cases[] = {
      {"nothing yet", {}, Health::unknown, "not probed yet", 0},
      {"one answer says up", {kOk}, Health::up, "answers", 1},
      {"two failures say nothing yet", {kSilent, kSilent}, Health::unknown, "not probed yet", 0},
      {"three failures in a row", {kSilent, kSilent, kSilent}, Health::down, "no answer in 500 ms, 3 times", 1},
      {"failures that are not in a row", {kOk, kSilent, kSilent, kOk, kSilent, kSilent}, Health::up, "answers", 1},
      {"mixed failures", {kOk, kSilent, kServfail, kServfail}, Health::down, "failed 3 times, last: SERVFAIL", 2},
      {"one answer is not enough to rise",
       {kSilent, kSilent, kSilent, kOk},
       Health::down,
       "no answer in 500 ms, 3 times",
       1},
      {"answers that are not in a row",
       {kSilent, kSilent, kSilent, kOk, kSilent, kOk},
       Health::down,
       "no answer in 500 ms, 3 times",
       1},
      {"risen", {kSilent, kSilent, kSilent, kOk, kOk}, Health::up, "answers", 2},
      {"down stays down quietly",
       {kSilent, kSilent, kSilent, kSilent, kSilent, kSilent, kSilent},
       Health::down,
       "no answer in 500 ms, 3 times",
       1},
      {"down for another reason",
       {kSilent, kSilent, kSilent, kServfail, kServfail, kServfail, kServfail},
       Health::down,
       "SERVFAIL, 3 times",
       2},
      {"TCP alone does not take it down",
       {kOk, kTcpRefused, kTcpRefused, kTcpRefused, kTcpRefused},
       Health::up,
       "tcp-broken: connection refused",
       2},
      {"one lost connection is nothing", {kOk, kTcpRefused, kTcpOk}, Health::up, "answers", 1},
      {"TCP mended", {kOk, kTcpRefused, kTcpRefused, kTcpOk}, Health::up, "answers", 3},
      {"TCP alone does not say up", {kTcpOk, kTcpOk}, Health::unknown, "not probed yet", 0},
      {"TCP broken shows after a rise",
       {kTcpRefused, kTcpRefused, kOk},
       Health::up,
       "tcp-broken: connection refused",
       1},
      {"down hides TCP",
       {kOk, kTcpRefused, kTcpRefused, kSilent, kSilent, kSilent},
       Health::down,
       "no answer in 500 ms, 3 times",
       3},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    HealthJudge judge(2, 3);
    int changes = 0;
    for (const Step& step : one.steps) {
      const ProbeResult result{step.failure == nullptr, step.failure == nullptr ? "answers" : step.failure, {}};
      if (step.tcp ? judge.add_tcp(result) : judge.add_udp(result)) ++changes;
    }
    EXPECT_EQ(judge.state(), one.state);
    EXPECT_EQ(judge.reason(), one.reason);
    EXPECT_EQ(changes, one.changes);
  }
}

TEST(HealthJudge, FallOfOne) {
  HealthJudge judge(1, 1);
  EXPECT_TRUE(judge.add_udp({false, "SERVFAIL", {}}));
  EXPECT_EQ(judge.reason(), "SERVFAIL, 1 time");
  EXPECT_TRUE(judge.add_udp({true, "answers", {}}));
  EXPECT_EQ(judge.state(), Health::up);
}

}  // namespace
}  // namespace penstock::control
