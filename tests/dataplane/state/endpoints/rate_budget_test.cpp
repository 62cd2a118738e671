#include "dataplane/state/endpoints/rate_budget.h"

#include <gtest/gtest.h>

#include <barrier>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace penstock::state {
namespace {

constexpr uint64_t kSecond = 1'000'000'000;

struct UnevenCase {
  const char* description;
  uint32_t budget;
  std::vector<double> demand;  // queries/s of each lcore
  double expected;             // sends in all, a second
};

const UnevenCase kUneven[] = {
    {.description = "one lcore asks for twice the budget", .budget = 10'000, .demand = {20'000}, .expected = 10'000},
    {.description = "one asks for much, fifteen for a little",
     .budget = 10'000,
     .demand = {15'000, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100, 100},
     .expected = 10'000},
    {.description = "all ask for the same",
     .budget = 10'000,
     .demand = {5'000, 5'000, 5'000, 5'000},
     .expected = 10'000},
    {.description = "below the budget nothing is held back",
     .budget = 10'000,
     .demand = {7'000, 1'000, 10, 1},
     .expected = 8'011},
    {.description = "a tracked endpoint", .budget = 1'500, .demand = {3'000, 10, 10, 10}, .expected = 1'500},
    {.description = "a small budget", .budget = 100, .demand = {700, 300}, .expected = 100},
    {.description = "a large one, shared in chunks",
     .budget = 1'000'000,
     .demand = {1'500'000, 1'000, 1'000, 1'000, 50},
     .expected = 1'000'000},
    {.description = "a large one, one lcore alone", .budget = 1'000'000, .demand = {2'000'000}, .expected = 1'000'000},
    {.description = "a large one, not used up",
     .budget = 1'000'000,
     .demand = {400'000, 300'000, 1'000, 100},
     .expected = 701'100},
};

// Lcores in turn, each with the queries that its demand has brought since its last turn, in turns of uneven length.
TEST(RateBudget, UnevenLcoresUseItUp) {
  for (const UnevenCase& c : kUneven) {
    SCOPED_TRACE(c.description);
    const auto budgets = std::make_unique<RateBudgets>();
    std::vector<std::unique_ptr<BudgetLeases>> lcores;
    for (size_t i = 0; i < c.demand.size(); ++i) lcores.push_back(std::make_unique<BudgetLeases>());
    std::vector<double> waiting(lcores.size());
    std::mt19937 random(7);
    const uint64_t begin = 5 * kSecond;
    const uint64_t length = 4 * kSecond;
    uint64_t sent = 0;
    std::vector<uint64_t> last(lcores.size(), begin);
    for (uint64_t now = begin; now < begin + length; now += 5'000 + random() % 30'000)
      for (size_t i = 0; i < lcores.size(); ++i) {
        waiting[i] += c.demand[i] * static_cast<double>(now - last[i]) / 1e9;
        last[i] = now;
        for (; waiting[i] >= 1; waiting[i] -= 1)
          sent += lcores[i]->take(*budgets, config::EndpointSlot{3}, c.budget, now) ? 1 : 0;
      }
    EXPECT_NEAR(static_cast<double>(sent) / 4, c.expected, c.expected / 50);
  }
}

// Lcores that are real threads and see the time move by small steps of their own.
TEST(RateBudget, ThreadsUseItUp) {
  constexpr uint32_t kBudget = 1'000'000;
  constexpr unsigned kThreads = 4;
  const auto budgets = std::make_unique<RateBudgets>();
  std::vector<uint64_t> sent(kThreads);
  std::vector<std::thread> threads;
  std::barrier<> millisecond(kThreads);
  for (unsigned i = 0; i < kThreads; ++i)
    threads.emplace_back([&, i] {
      const auto leases = std::make_unique<BudgetLeases>();
      const uint64_t step = 200 * (uint64_t{1} << 2 * i);  // 5 M/s, 1.2 M/s, 300 k/s, 80 k/s
      uint64_t count = 0;
      uint64_t now = kSecond;
      for (uint64_t end = kSecond; end < 3 * kSecond; end += 1'000'000) {
        // No thread runs further ahead of the others than lcores on one clock do.
        millisecond.arrive_and_wait();
        for (; now < end; now += step) count += leases->take(*budgets, config::EndpointSlot{0}, kBudget, now) ? 1 : 0;
      }
      sent[i] = count;
    });
  for (std::thread& thread : threads) thread.join();
  const uint64_t all = std::accumulate(sent.begin(), sent.end(), uint64_t{0});
  EXPECT_GE(all, 2 * kBudget * 98ULL / 100);
  EXPECT_LE(all, 2 * kBudget * 102ULL / 100);
}

// Sends that are granted at this time.
uint64_t drain(RateBudgets& budgets, BudgetLeases& leases, uint32_t budget, uint64_t now) {
  uint64_t sent = 0;
  while (leases.take(budgets, config::EndpointSlot{1}, budget, now)) ++sent;
  return sent;
}

TEST(RateBudget, ABucketHoldsTwentyMillisecondsOrEightSends) {
  const struct {
    uint32_t budget;
    uint64_t depth;
    uint64_t after_quiet;  // what has waited for 100 ms and more is let through, 93 ms of it
  } cases[] = {{.budget = 10'000, .depth = 200, .after_quiet = 928},
               {.budget = 1'600, .depth = 32, .after_quiet = 148},
               {.budget = 1'000, .depth = 20, .after_quiet = 92},
               {.budget = 100, .depth = 8, .after_quiet = 9},
               {.budget = 1, .depth = 8, .after_quiet = 8},
               {.budget = 100'000'000, .depth = 2'000'000, .after_quiet = 9'280'000}};
  for (const auto& one : cases) {
    SCOPED_TRACE(one.budget);
    const auto budgets = std::make_unique<RateBudgets>();
    const auto leases = std::make_unique<BudgetLeases>();
    uint64_t now = 100 * kSecond;
    EXPECT_EQ(RateBudgets::depth(one.budget), one.depth);
    EXPECT_GE(budgets->left(config::EndpointSlot{1}, one.budget, now), one.after_quiet);
    const auto near = static_cast<double>(one.after_quiet) / 50 + 1;
    EXPECT_NEAR(static_cast<double>(drain(*budgets, *leases, one.budget, now)), static_cast<double>(one.after_quiet),
                near);
    EXPECT_TRUE(leases->is_dry(config::EndpointSlot{1}, one.budget, now));
    EXPECT_FALSE(leases->is_dry(config::EndpointSlot{2}, one.budget, now));
    EXPECT_EQ(budgets->left(config::EndpointSlot{1}, one.budget, now), 0U);
    // Full again after a while, and no fuller.
    now += one.depth * kSecond / one.budget;
    EXPECT_NEAR(static_cast<double>(budgets->left(config::EndpointSlot{1}, one.budget, now)),
                static_cast<double>(one.depth), static_cast<double>(one.depth) / 10 + 1);
    EXPECT_FALSE(leases->is_dry(config::EndpointSlot{1}, one.budget, now));
    now += 90'000'000;
    EXPECT_LE(budgets->left(config::EndpointSlot{1}, one.budget, now), one.depth);
    // And after a quiet time.
    now += 1000 * kSecond;
    EXPECT_NEAR(static_cast<double>(drain(*budgets, *leases, one.budget, now)), static_cast<double>(one.after_quiet),
                near);
  }
}

// Whatever clients do - nothing for a while, little, too much - no second has more than 2 % above the budget, wherever it begins,
// and one that asks for more all the time has all of it.
TEST(RateBudget, NoSecondHasMuchMore) {
  constexpr uint32_t kBudget = 10'000;
  constexpr uint64_t kStep = 250'000;
  std::mt19937 random(3);
  uint64_t most = 0;
  for (int round = 0; round < 60; ++round) {
    const auto budgets = std::make_unique<RateBudgets>();
    BudgetLeases lcores[2] = {};
    uint64_t now = 10 * kSecond;
    std::vector<uint64_t> sent{0};  // up to each step
    while (sent.size() < 8 * kSecond / kStep) {
      const double rates[] = {0, 0, 0.1, 0.9, 1.1, 5, 100};
      const double rate = kBudget * rates[random() % 7];
      double waiting = random() % 2 == 0 ? 0 : 2'000;  // of a pause
      for (uint64_t steps = 200 + random() % 3'000; steps > 0; --steps) {
        now += kStep;
        uint64_t granted = 0;
        for (waiting += rate * kStep / 1e9; waiting >= 1 && rate != 0; waiting -= 1)
          granted += lcores[random() % 2].take(*budgets, config::EndpointSlot{0}, kBudget, now) ? 1 : 0;
        sent.push_back(sent.back() + granted);
      }
    }
    for (size_t i = kSecond / kStep; i < sent.size(); ++i) most = std::max(most, sent[i] - sent[i - kSecond / kStep]);
  }
  EXPECT_LE(most, kBudget * 102ULL / 100);
  EXPECT_GE(most, kBudget * 99ULL / 100);
}

// What had waited for two seconds when we were let run again: it goes out at once, and the load goes on.
TEST(RateBudget, APauseIsCaughtUp) {
  const auto budgets = std::make_unique<RateBudgets>();
  BudgetLeases leases = {};
  uint64_t refused = 0;
  uint64_t now = kSecond;
  for (int ms = 0; ms < 6'000; ++ms) {
    now += 1'000'000;
    const int asked = ms == 3'000 ? 900 : ms > 1'000 && ms < 3'000 ? 0 : 8;  // 8,000/s of 10,000
    for (int i = 0; i < asked; ++i) refused += leases.take(*budgets, config::EndpointSlot{0}, 10'000, now) ? 0 : 1;
  }
  EXPECT_EQ(refused, 0U);
}

TEST(RateBudget, NoBudgetIsNoLimit) {
  const auto budgets = std::make_unique<RateBudgets>();
  const auto leases = std::make_unique<BudgetLeases>();
  for (int i = 0; i < 100'000; ++i) ASSERT_TRUE(leases->take(*budgets, config::EndpointSlot{0}, 0, kSecond));
  EXPECT_FALSE(leases->is_dry(config::EndpointSlot{0}, 0, kSecond));
}

// A clock that is a little behind another lcore's takes nothing, and does not turn the bucket back.
TEST(RateBudget, AClockBehind) {
  const auto budgets = std::make_unique<RateBudgets>();
  uint64_t dry_until = 0;
  EXPECT_EQ(budgets->take(config::EndpointSlot{0}, 1'000, 200, kSecond, dry_until), 20U);
  EXPECT_EQ(budgets->take(config::EndpointSlot{0}, 1'000, 200, kSecond, dry_until), 72U);
  EXPECT_EQ(budgets->take(config::EndpointSlot{0}, 1'000, 1, kSecond - 5'000'000, dry_until), 0U);
  EXPECT_NEAR(static_cast<double>(dry_until), static_cast<double>(kSecond + 1'000'000), 1e6);
  EXPECT_EQ(budgets->take(config::EndpointSlot{0}, 1'000, 100, kSecond + 2'200'000, dry_until), 2U);
}

// What was taken and not sent is gone after a millisecond.
TEST(RateBudget, LeasesExpire) {
  const auto budgets = std::make_unique<RateBudgets>();
  const auto leases = std::make_unique<BudgetLeases>();
  constexpr uint32_t kBudget = 1'000'000;
  uint64_t now = kSecond;
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(leases->take(*budgets, config::EndpointSlot{0}, kBudget, now));
  const uint64_t before = budgets->left(config::EndpointSlot{0}, kBudget, now);
  const uint64_t full = budgets->left(config::EndpointSlot{1}, kBudget, now);
  EXPECT_LE(before, full - 100);
  EXPECT_GE(before, full - 200);  // no more than one more chunk
  now += 130'000'000;
  ASSERT_TRUE(leases->take(*budgets, config::EndpointSlot{0}, kBudget, now));
  EXPECT_LT(budgets->left(config::EndpointSlot{0}, kBudget, now),
            full);  // taken from the bucket, not from the old chunk
}

}  // namespace
}  // namespace penstock::state
