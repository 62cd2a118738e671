// tests/control/view/turn_watch_test.cpp - lcores that hang, seen from the other process.
#include "control/view/turn_watch.h"

#include <gtest/gtest.h>

#include "tests/control/queries/samples.h"

namespace penstock::control {
namespace {

using namespace std::chrono_literals;

class TurnWatchTest : public testing::Test {
 protected:
  // Which lcores hang, after `time` in which these have turned.
  std::vector<uint32_t> after(std::chrono::milliseconds time, std::vector<uint32_t> turned) {
    for (const uint32_t lcore : turned) page->lcore[lcore].turns.add(9);
    now += time;
    std::vector<uint32_t> hung;
    for (const HungLcore& one : watch.look(page.get(), now)) hung.push_back(one.lcore);
    return hung;
  }

  using Lcores = std::vector<uint32_t>;
  std::shared_ptr<config::CounterPage> page = test::new_page(2);
  TurnWatch watch;
  TurnWatch::Time now{1h};
};

TEST_F(TurnWatchTest, AnLcoreHangsAfterItsPatienceAndIsTrustedAfterASecond) {
  EXPECT_EQ(after(0ms, {}), Lcores());
  EXPECT_EQ(after(200ms, {0, 1}), Lcores());
  EXPECT_EQ(after(199ms, {0}), Lcores());
  EXPECT_EQ(after(1ms, {0}), Lcores{1});
  EXPECT_EQ(watch.look(page.get(), now).front().since, now - 200ms);
  EXPECT_EQ(after(200ms, {0, 1}), Lcores{1});
  EXPECT_EQ(after(700ms, {0, 1}), Lcores{1});
  EXPECT_EQ(after(200ms, {0, 1}), Lcores());
}

TEST_F(TurnWatchTest, AStoppedProcessIsAllItsLcores) {
  after(0ms, {0, 1});
  EXPECT_EQ(after(200ms, {}), (Lcores{0, 1}));
}

TEST_F(TurnWatchTest, AnotherDataplaneStartsAnew) {
  after(0ms, {0, 1});
  after(200ms, {});
  page->started_at += 5;
  EXPECT_EQ(after(200ms, {}), Lcores());
  EXPECT_EQ(watch.look(nullptr, now).size(), 0U);
}

}  // namespace
}  // namespace penstock::control
