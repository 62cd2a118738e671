// tests/control/view/stages_test.cpp - each counter of each stage stands in the table under its own name.
#include "control/view/stages.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/control/admin/fake_operations.h"

namespace penstock::control {
namespace {

TEST(Stages, EachCounterIsFoundByItsName) {
  const auto page = new_counter_page();
  std::set<std::string> metrics;
  const config::Counter* end = nullptr;
  for (const Stage& stage : kStages) {
    const auto counters = stage.counters(page->lcore[0]);
    ASSERT_EQ(counters.size(), stage.outcomes.size()) << stage.name;
    EXPECT_TRUE(metrics.insert(stage.metric).second) << stage.metric << " twice";
    end = std::max(end, counters.data() + counters.size());
  }
  EXPECT_EQ(end, &page->lcore[0].checksum_partial) << "the last stage";

  page->lcore[0].retry[config::RetryOutcome::too_long].set(7);
  page->lcore[0].transmit[config::TransmitOutcome::sent].set(8);
  for (const Stage& stage : kStages)
    for (size_t i = 0; i < stage.outcomes.size(); ++i) {
      const std::string name = std::string(stage.name) + " " + stage.outcomes[i].name;
      EXPECT_EQ(total(*page, stage, i), name == "retry too_long" ? 7U : name == "transmit sent" ? 8U : 0U) << name;
    }
}

}  // namespace
}  // namespace penstock::control
