// tests/control/health/judge/health_judge_test.cpp - rise, fall and the reasons, as a table of probe results.
#include "control/health/judge/health_judge.h"

#include <gtest/gtest.h>

#include <vector>

namespace penstock::control {
namespace {

using config::Health;

const char* kNone = "no answer in 500 ms";

using Step = const char*;  // why it failed; null: answered
constexpr Step kOk = nullptr;
const Step kSilent = kNone;
constexpr Step kServfail = "SERVFAIL";

const struct {
  const char* description;
  std::vector<Step> steps;
  Health state;
  const char* reason;
  int changes;
} kRiseAndFall[] = {
    {.description = "nothing yet", .steps = {}, .state = Health::unknown, .reason = "not probed yet", .changes = 0},
    {.description = "one answer says up", .steps = {kOk}, .state = Health::up, .reason = "answers", .changes = 1},
    {.description = "two failures say nothing yet",
     .steps = {kSilent, kSilent},
     .state = Health::unknown,
     .reason = "not probed yet",
     .changes = 0},
    {.description = "three failures in a row",
     .steps = {kSilent, kSilent, kSilent},
     .state = Health::down,
     .reason = "no answer in 500 ms, 3 times",
     .changes = 1},
    {.description = "failures that are not in a row",
     .steps = {kOk, kSilent, kSilent, kOk, kSilent, kSilent},
     .state = Health::up,
     .reason = "answers",
     .changes = 1},
    {.description = "mixed failures",
     .steps = {kOk, kSilent, kServfail, kServfail},
     .state = Health::down,
     .reason = "failed 3 times, last: SERVFAIL",
     .changes = 2},
    {.description = "one answer is not enough to rise",
     .steps = {kSilent, kSilent, kSilent, kOk},
     .state = Health::down,
     .reason = "no answer in 500 ms, 3 times",
     .changes = 1},
    {.description = "answers that are not in a row",
     .steps = {kSilent, kSilent, kSilent, kOk, kSilent, kOk},
     .state = Health::down,
     .reason = "no answer in 500 ms, 3 times",
     .changes = 1},
    {.description = "risen",
     .steps = {kSilent, kSilent, kSilent, kOk, kOk},
     .state = Health::up,
     .reason = "answers",
     .changes = 2},
    {.description = "down stays down quietly",
     .steps = {kSilent, kSilent, kSilent, kSilent, kSilent, kSilent, kSilent},
     .state = Health::down,
     .reason = "no answer in 500 ms, 3 times",
     .changes = 1},
    {.description = "down for another reason",
     .steps = {kSilent, kSilent, kSilent, kServfail, kServfail, kServfail, kServfail},
     .state = Health::down,
     .reason = "SERVFAIL, 3 times",
     .changes = 2},
};

TEST(HealthJudge, FollowsRiseAndFall) {
  for (const auto& one : kRiseAndFall) {
    SCOPED_TRACE(one.description);
    HealthJudge judge(2, 3);
    int changes = 0;
    for (const Step step : one.steps)
      if (judge.add_udp({step == nullptr, step == nullptr ? "answers" : step, {}})) ++changes;
    EXPECT_EQ(judge.state(), one.state);
    EXPECT_EQ(judge.reason(), one.reason);
    EXPECT_EQ(changes, one.changes);
  }
}

TEST(HealthJudge, TcpIsBrokenAfterTwo) {
  HealthJudge judge(2, 3);
  EXPECT_FALSE(judge.add_tcp({false, "connection refused", {}})) << "one lost connection is nothing";
  EXPECT_EQ(judge.tcp_reason(), "");
  EXPECT_TRUE(judge.add_tcp({false, "connection refused", {}}));
  EXPECT_FALSE(judge.add_tcp({false, "connection refused", {}}));
  EXPECT_EQ(judge.tcp_reason(), "connection refused over TCP");
  EXPECT_EQ(judge.state(), Health::unknown) << "TCP decides nothing";
  EXPECT_TRUE(judge.add_tcp({true, "answers", {}}));
  EXPECT_EQ(judge.tcp_reason(), "");
}

TEST(HealthJudge, TcpThatFailsWithUdpIsNotBroken) {
  HealthJudge judge(1, 2);
  judge.add_udp({true, "answers", {}});
  judge.add_udp({false, "SERVFAIL", {}});
  judge.add_tcp({false, "connection refused", {}});
  judge.add_udp({false, "SERVFAIL", {}});
  ASSERT_EQ(judge.state(), Health::down);
  judge.add_tcp({false, "connection refused", {}});
  judge.add_udp({true, "answers", {}});
  EXPECT_EQ(judge.state(), Health::up);
  EXPECT_EQ(judge.tcp_reason(), "");
}

// Down by errors that came is another thing than down by silence.
TEST(HealthJudge, SaysWhetherWhatIsDownAnswers) {
  HealthJudge judge(1, 2);
  const ProbeResult error{false, "REFUSED", {}, false, true};
  judge.add_udp(error);
  EXPECT_FALSE(judge.errs()) << "it is not down";
  judge.add_udp(error);
  EXPECT_TRUE(judge.errs());
  judge.add_udp({false, kNone, {}, false, false});
  EXPECT_FALSE(judge.errs());
  judge.add_udp(error);
  EXPECT_TRUE(judge.errs());
  judge.add_udp({true, "answers", {}, false, false});
  EXPECT_FALSE(judge.errs());
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
