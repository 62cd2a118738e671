#include "config/contract/counters.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <new>

namespace penstock::config::test {
namespace {

struct Page {
  explicit Page(uint32_t lcores) : memory(std::aligned_alloc(64, (counter_page_size(lcores) + 63) / 64 * 64)) {
    page = new (memory) CounterPage{};
    for (uint32_t i = 0; i < lcores; ++i) new (&page->lcore[i]) LcoreCounters{};
    page->lcores = lcores;
  }
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  ~Page() { std::free(memory); }
  LcoreCounters& lcore(size_t i) { return page->lcore[i]; }
  void* memory;
  CounterPage* page;
};

// One query forwarded by lcore 0, its response received by lcore 1, handed back, returned to the client.
void a_query_and_its_response(Page& page) {
  page.lcore(0).received.add(1);
  page.lcore(0).classify[ClassifyOutcome::query].add(1);
  page.lcore(0).query[QueryOutcome::forwarded].add(1);
  page.lcore(1).received.add(1);
  page.lcore(1).classify[ClassifyOutcome::response].add(1);
  page.lcore(1).handoff[HandoffOutcome::handed_off].add(1);
  page.lcore(0).response[ResponseOutcome::returned].add(1);
}

TEST(Counters, TheResidualIsZeroWhenEveryPacketIsAccountedFor) {
  Page page(2);
  EXPECT_EQ(accounting_residual(*page.page), 0);
  a_query_and_its_response(page);
  EXPECT_EQ(accounting_residual(*page.page), 0);
  // One that waits, one that timed out, strangers, refusals, a full ring.
  page.lcore(1).received.add(6);
  page.lcore(1).classify[ClassifyOutcome::query].add(3);
  page.lcore(1).classify[ClassifyOutcome::stranger].add(2);
  page.lcore(1).door[DoorOutcome::to_kernel].add(1);
  page.lcore(1).door[DoorOutcome::full].add(1);
  page.lcore(1).classify[ClassifyOutcome::response].add(1);
  page.lcore(1).handoff[HandoffOutcome::full].add(1);
  page.lcore(1).query[QueryOutcome::forwarded].add(2);
  page.lcore(1).query[QueryOutcome::refused_client].add(1);
  page.lcore(1).sweep[SweepOutcome::expired].add(1);
  page.lcore(1).pending.set(1);
  EXPECT_EQ(accounting_residual(*page.page), 0);
}

TEST(Counters, TheResidualSeesEachKindOfLoss) {
  const struct {
    const char* description;
    std::function<void(Page&)> fault;
    int64_t residual;
  } cases[] = {
      {.description = "a frame without an outcome",
       .fault = [](Page& p) { p.lcore(0).received.add(1); },
       .residual = 1},
      {.description = "a query without an outcome",
       .fault = [](Page& p) { p.lcore(0).received.add(1), p.lcore(0).classify[ClassifyOutcome::query].add(1); },
       .residual = 1},
      {.description = "a stranger that no door had",
       .fault = [](Page& p) { p.lcore(0).received.add(1), p.lcore(0).classify[ClassifyOutcome::stranger].add(1); },
       .residual = 1},
      {.description = "a query with two outcomes",
       .fault = [](Page& p) { p.lcore(0).query[QueryOutcome::formerr].add(1); },
       .residual = 1},
      {.description = "a forwarded query that is nowhere",
       .fault = [](Page& p) { p.lcore(0).pending.set(0), p.lcore(0).sweep[SweepOutcome::expired].add(1); },
       .residual = 1},
      {.description = "a response lost between lcores",
       .fault = [](Page& p) { p.lcore(1).received.add(1), p.lcore(1).classify[ClassifyOutcome::response].add(1); },
       .residual = 1},
      {.description = "a pending count that is wrong",
       .fault = [](Page& p) { p.lcore(1).pending.set(5); },
       .residual = 5},
      {.description = "two faults that would cancel out",
       .fault = [](Page& p) { p.lcore(0).received.add(2), p.lcore(0).query[QueryOutcome::formerr].add(2); },
       .residual = 4},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.description);
    Page page(2);
    a_query_and_its_response(page);
    one.fault(page);
    EXPECT_EQ(accounting_residual(*page.page), one.residual);
  }
}

TEST(Counters, AreNamedAfterTheirOutcomes) {
  OutcomeCounters<SweepOutcome, kSweepOutcomes> counters;
  counters[SweepOutcome::expired].add(2);
  counters[SweepOutcome::expired_unanswered].add(3);
  EXPECT_EQ(counters[SweepOutcome::expired].get(), 2U);
  EXPECT_EQ(counters.sum(), 5U);
}

}  // namespace
}  // namespace penstock::config::test
