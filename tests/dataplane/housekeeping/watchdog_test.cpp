// tests/dataplane/housekeeping/watchdog_test.cpp - systemd is told that all is well only while it is.
#include "dataplane/housekeeping/watchdog.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace penstock {
namespace {

using namespace std::chrono_literals;

class WatchdogTest : public testing::Test {
 protected:
  void pass(std::chrono::milliseconds time, std::vector<uint64_t> turned) {
    for (size_t i = 0; i < turns.size(); ++i) turns[i] += turned[i];
    now += time;
    watchdog.tick(turns, now);
  }

  int fed = 0;
  Watchdog watchdog{Watchdog::Manager{1s, [this] { ++fed; }}};
  std::vector<uint64_t> turns = {1, 1};
  Watchdog::Time now{1h};
};

TEST_F(WatchdogTest, IsFedOnceAPeriodWhileAllLcoresTurn) {
  for (int i = 0; i < 100; ++i) pass(50ms, {3, 1});
  EXPECT_EQ(fed, 5);
}

TEST_F(WatchdogTest, AnLcoreThatHangsStarvesItUntilItTurnsAgain) {
  pass(1s, {1, 1});
  pass(1s, {1, 0});
  pass(3900ms, {1, 0});
  const int before = fed;
  EXPECT_EQ(before, 3);  // it may yet have waited for its processor
  for (int i = 0; i < 100; ++i) pass(1s, {1, 0});
  EXPECT_EQ(fed, before);
  pass(1s, {1, 1});
  EXPECT_EQ(fed, before + 1);
}

TEST_F(WatchdogTest, AnLcoreThatNeverTurnsIsSeenAsWell) {
  for (int i = 0; i < 100; ++i) pass(1s, {0, 1});
  EXPECT_EQ(fed, 5);  // until its 5 s were over
}

TEST_F(WatchdogTest, WithoutAServiceManagerNobodyIsFed) {
  unsetenv("WATCHDOG_USEC");
  EXPECT_FALSE(service_manager_watchdog());
  Watchdog alone{std::nullopt};
  alone.tick(turns, now);
  setenv("WATCHDOG_USEC", "20000000", 1);
  unsetenv("WATCHDOG_PID");
  const auto manager = service_manager_watchdog();
  ASSERT_TRUE(manager);
  EXPECT_EQ(manager->period, 5s);
  unsetenv("WATCHDOG_USEC");
}

}  // namespace
}  // namespace penstock
