#include "dataplane/state/endpoints/retry_budget.h"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

namespace penstock::state {
namespace {

constexpr config::EndpointSlot kPool{3};
constexpr config::EndpointSlot kOtherPool{4};
constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kBegin = 1'000'000 * kMs;

// Retries that are granted when each query asks for two of them, in milliseconds of `rate` queries/s.
struct Storm {
  std::unique_ptr<RetryBudget> budget = std::make_unique<RetryBudget>();
  uint64_t now = kBegin;
  double due = 0;
  uint64_t queries = 0;
  uint64_t retries = 0;

  void run(double rate, unsigned milliseconds) {
    for (unsigned ms = 0; ms < milliseconds; ++ms) {
      now += kMs;
      for (due += rate / 1000; due >= 1; due -= 1) {
        ++queries;
        budget->count_query(kPool, now);
        for (int i = 0; i < 2 && budget->has_left(kPool, now); ++i, ++retries) budget->spend(kPool, now);
      }
    }
  }
};

// A fifth over ten seconds, and ten a second.
TEST(RetryBudget, AStormIsBounded) {
  for (const double rate : {10.0, 100.0, 1'000.0, 20'000.0}) {
    SCOPED_TRACE(rate);
    Storm storm;
    storm.run(rate, 10'000);
    const auto most = std::min(100 + rate * 10 / 5, 2 * rate * 10);
    EXPECT_LE(static_cast<double>(storm.retries), most * 1.1 + 1);
    EXPECT_GE(static_cast<double>(storm.retries), most * 0.9);
    // And so it goes on: no ten seconds have more.
    std::deque<uint64_t> ten;
    for (int second = 0; second < 30; ++second) {
      const uint64_t before = storm.retries;
      storm.run(rate, 1'000);
      ten.push_back(storm.retries - before);
      if (ten.size() > 10) ten.pop_front();
    }
    uint64_t sum = 0;
    for (const uint64_t one : ten) sum += one;
    EXPECT_LE(static_cast<double>(sum), std::min(100 + rate * 10 / 5, 20 * rate) * 1.15 + 1);
  }
}

// What was not needed so far is there when it is: at the start as after long.
TEST(RetryBudget, AStartHasWhatTenSecondsWillHaveEarned) {
  const struct {
    double rate;
    unsigned before_ms;  // of no retries
    uint64_t least;      // then at once
    uint64_t most;
  } cases[] = {{.rate = 1'000, .before_ms = 500, .least = 1'000, .most = 1'000},  // each query twice
               {.rate = 1'000, .before_ms = 1'000, .least = 1'000, .most = 2'100},
               {.rate = 10'000, .before_ms = 1'000, .least = 3'000, .most = 3'300},  // no more early than a thousand
               {.rate = 1'000, .before_ms = 12'000, .least = 2'000, .most = 2'200},
               {.rate = 20, .before_ms = 1'000, .least = 100, .most = 150}};
  for (const auto& one : cases) {
    SCOPED_TRACE(std::to_string(one.rate) + " " + std::to_string(one.before_ms));
    RetryBudget budget;
    const auto queries = static_cast<uint64_t>(one.rate * one.before_ms / 1000);
    for (uint64_t i = 0; i < queries; ++i) budget.count_query(kPool, kBegin + i * one.before_ms * kMs / queries);
    uint64_t granted = 0;
    for (; budget.has_left(kPool, kBegin + one.before_ms * kMs); ++granted)
      budget.spend(kPool, kBegin + one.before_ms * kMs);
    EXPECT_GE(granted, one.least);
    EXPECT_LE(granted, one.most + 100);
  }
}

TEST(RetryBudget, PoolsHaveTheirOwn) {
  RetryBudget budget;
  while (budget.has_left(kPool, kBegin)) budget.spend(kPool, kBegin);
  EXPECT_TRUE(budget.has_left(kOtherPool, kBegin));
}

// Long quiet is a start again.
TEST(RetryBudget, OldSecondsCountNoMore) {
  Storm storm;
  storm.run(1'000, 20'000);
  EXPECT_FALSE(storm.budget->has_left(kPool, storm.now));
  storm.now += 11'000 * kMs;
  for (unsigned i = 0; i < RetryBudget::kAlways; ++i) {
    ASSERT_TRUE(storm.budget->has_left(kPool, storm.now));
    storm.budget->spend(kPool, storm.now);
  }
  EXPECT_FALSE(storm.budget->has_left(kPool, storm.now));
}

}  // namespace
}  // namespace penstock::state
