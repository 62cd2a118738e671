// tests/control/view/shared_view_test.cpp - what a scrape gets: the last view, but the heartbeat of now.
#include "control/view/shared_view.h"

#include <gtest/gtest.h>

namespace penstock::control {
namespace {

using namespace std::chrono_literals;

TEST(SharedView, TheHeartbeatIsThatOfNow) {
  SharedView shared;
  EXPECT_EQ(shared.get(), nullptr);
  auto page = std::make_shared<config::EndpointStatePage>();
  page->heartbeat_ns = monotonic_ns();
  auto view = std::make_shared<StatusView>();
  view->generation = 7;
  view->heartbeat_age = 1ms;
  shared.set(view, page);
  EXPECT_LT(*shared.get()->heartbeat_age, 5s);
  // The thread that beats hangs: nobody sets another view.
  page->heartbeat_ns = monotonic_ns() - 60'000'000'000U;
  EXPECT_GE(*shared.get()->heartbeat_age, 60s);
  EXPECT_EQ(shared.get()->generation, 7U);
  view->heartbeat_age.reset();
  shared.set(view, nullptr);
  EXPECT_FALSE(shared.get()->heartbeat_age) << "without a dataplane";
}

}  // namespace
}  // namespace penstock::control
