// tests/control/health/probe/probe_schedule_test.cpp - the two bounds of probing: known to be dead in time, and two queries a second.
#include "control/health/probe/probe_schedule.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace penstock::control {
namespace {

using namespace std::chrono_literals;

TEST(ProbeSchedule, KeepsBothBoundsForEveryInterval) {
  std::minstd_rand engine(7);
  std::uniform_real_distribution<double> uniform(0, 1);
  const struct {
    const char* description;
    std::chrono::milliseconds interval;
    std::chrono::milliseconds used;
  } cases[] = {
      {.description = "too short: lengthened", .interval = 100ms, .used = 600ms},
      {.description = "the shortest", .interval = 600ms, .used = 600ms},
      {.description = "below a second", .interval = 800ms, .used = 800ms},
      {.description = "the default", .interval = 1000ms, .used = 1000ms},
      {.description = "long", .interval = 10s, .used = 10s},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    ProbeSchedule schedule(one.interval);
    EXPECT_LE(schedule.first(0.999), 250ms);
    std::chrono::microseconds at{0};
    std::vector<std::chrono::microseconds> sent;
    int tcp = 0;
    for (int i = 0; i < 4000; ++i) {
      sent.push_back(at);
      const auto gap = schedule.next(uniform(engine));
      EXPECT_LE(gap.length, one.used);
      EXPECT_GE(gap.length, one.used * 88 / 100);
      if (gap.with_tcp) {
        sent.push_back(at + gap.length / 2);
        ++tcp;
      }
      at += gap.length;
    }
    EXPECT_LE(static_cast<double>(sent.size()), 2.0 * std::chrono::duration<double>(at).count());
    EXPECT_EQ(tcp, static_cast<int>((4000 + schedule.gaps_per_tcp() - 1) / schedule.gaps_per_tcp()));
    EXPECT_LE(schedule.gaps_per_tcp(), 40U);
    // With an interval of a second or more no second of time sees a third one.
    if (one.used < 1000ms) continue;
    for (size_t i = 2; i < sent.size(); ++i) EXPECT_GE(sent[i] - sent[i - 2], 1s) << i;
  }
}

// The worst case: dead right after it answered. The last of `fall` failures is known a time-out after its probe was sent.
TEST(ProbeSchedule, FallIntervalsAndATimeoutSuffice) {
  for (const double random : {0.0, 0.5, 0.999}) {
    for (int offset = 0; offset < 4; ++offset) {
      ProbeSchedule schedule(1000ms);
      for (int i = 0; i < offset; ++i) schedule.next(random);
      std::chrono::microseconds last{0};
      for (int i = 0; i < 3; ++i) last += schedule.next(random).length;
      EXPECT_LE(last, 3 * 1000ms);
    }
  }
}

}  // namespace
}  // namespace penstock::control
