// tests/config/contract/log_rate_test.cpp - how many lines a cause may write, and that those left out are told.
#include "config/contract/log_rate.h"

#include <gtest/gtest.h>

namespace penstock::config {
namespace {

TEST(LogRate, SoManyInAWindowAndThenHowManyWereLeftOut) {
  LogRate rate(3, std::chrono::seconds(60));
  LogRate::Time now{std::chrono::hours(1)};
  uint64_t left_out = 99;
  unsigned written = 0;
  for (int i = 0; i < 1000; ++i) {
    if (rate.may_write(now, left_out)) {
      ++written;
      EXPECT_EQ(left_out, 0U);
    }
    now += std::chrono::milliseconds(59);
  }
  EXPECT_EQ(written, 3U);
  now += std::chrono::seconds(1);  // the window ends 60 s after its first line
  EXPECT_TRUE(rate.may_write(now, left_out));
  EXPECT_EQ(left_out, 997U);
  EXPECT_TRUE(rate.may_write(now, left_out));
  EXPECT_EQ(left_out, 0U);
}

}  // namespace
}  // namespace penstock::config
