// tests/control/lifecycle/restart_needs_test.cpp - what happened on the host and needs a restart.
#include "control/lifecycle/restart_needs.h"

#include <gtest/gtest.h>

#include <memory>

namespace penstock::control {
namespace {

TEST(RestartNeeds, SaysWhatTheDataplaneCouldNotFollow) {
  const auto made = std::make_unique<config::CounterPage>();
  config::CounterPage& page = *made;
  EXPECT_TRUE(unfollowed(page).empty()) << "a dataplane that has only begun to start";
  page.generation.set(3);
  ASSERT_EQ(unfollowed(page).size(), 1U);
  EXPECT_NE(unfollowed(page)[0].find("are not followed: restart penstock-dataplane"), std::string::npos);
  page.interfaces_followed.set(1);
  EXPECT_TRUE(unfollowed(page).empty());
  page.ports_gone.set(1);
  page.listen_not_followed.set(2);
  ASSERT_EQ(unfollowed(page).size(), 2U);
  EXPECT_EQ(unfollowed(page)[0], "the interface of 1 port is gone: restart penstock-dataplane when it is back");
  EXPECT_EQ(unfollowed(page)[1].substr(0, 22), "2 address changes on t");
}

}  // namespace
}  // namespace penstock::control
