#include "dataplane/housekeeping/endpoint_meter.h"

#include <gtest/gtest.h>

#include "tests/support/path_rig.h"

namespace penstock::test {
namespace {

class EndpointMeterTest : public testing::Test {
 protected:
  // Lets time pass in steps of `step_ms`, while both lcores send `per_ms` queries a millisecond to slot 0.
  void run(unsigned ms, unsigned per_ms, unsigned step_ms = 1) {
    for (unsigned i = 0; i < ms; i += step_ms) {
      rig.pass(step_ms);
      for (const unsigned lcore : {0U, 1U})
        rig.counters().lcore[lcore].endpoints[config::EndpointSlot{0}].queries.add(per_ms * step_ms);
      meter.tick(rig.ruleset.get(), rig.counters(), *rig.budgets, rig.now);
    }
  }
  uint64_t rate(config::EndpointSlot slot = config::EndpointSlot{0}) {
    EXPECT_EQ(rig.counters().endpoint_rate[slot].get(), rig.budgets->rate(slot));
    return rig.counters().endpoint_rate[slot].get();
  }

  PathRig rig{RigOptions{.rules = {}, .lcores = 2}};
  EndpointMeter meter;
};

TEST_F(EndpointMeterTest, AddsUpTheLcoresOverOneSecond) {
  run(1, 5);
  EXPECT_EQ(rate(), 0U);
  run(100, 5);
  EXPECT_NEAR(static_cast<double>(rate()), 10'000, 100);  // from the second reading on
  run(2'000, 5);
  EXPECT_NEAR(static_cast<double>(rate()), 10'000, 1);
  EXPECT_EQ(rate(config::EndpointSlot{1}), 0U);
  // Half a second of silence is half the rate, a whole one none.
  run(500, 0);
  EXPECT_NEAR(static_cast<double>(rate()), 5'000, 110);
  run(500, 0);
  EXPECT_EQ(rate(), 0U);
}

TEST_F(EndpointMeterTest, ALateTickIsMeasuredOverTheTimeThatPassed) {
  run(2'000, 5, 300);
  EXPECT_NEAR(static_cast<double>(rate()), 10'000, 1);
}

TEST_F(EndpointMeterTest, ASlotThatLeftTheRulesComesToRest) {
  run(1'000, 5);
  for (int i = 0; i < 12; ++i) {
    rig.pass(100);
    meter.tick(nullptr, rig.counters(), *rig.budgets, rig.now);
  }
  EXPECT_EQ(rate(), 0U);
}

}  // namespace
}  // namespace penstock::test
