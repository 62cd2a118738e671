// tests/control/view/readiness_test.cpp - when control says that it is ready, and its line for systemctl status.
#include "control/view/readiness.h"

#include <gtest/gtest.h>

namespace penstock::control {
namespace {

using namespace std::chrono_literals;

StatusView view_of(uint64_t generation, uint64_t acknowledged, bool is_reachable = true) {
  StatusView view;
  view.generation = generation;
  view.acknowledged = acknowledged;
  view.dataplane_socket = "/run/d.sock";
  view.endpoints.resize(2);
  view.endpoints[0].state.reachable = 1;
  view.endpoints[1].state.reachable = is_reachable ? 1 : 0;
  return view;
}

TEST(Readiness, WhenItHelpsToWaitNoLonger) {
  struct Case {
    const char* description;
    StatusView view;
    std::string failure;
    std::chrono::milliseconds since;  // it is ready
  };
  const Case cases[] = {
      {.description = "published and reachable", .view = view_of(3, 3), .failure = "", .since = 0ms},
      {.description = "a next hop is unknown", .view = view_of(3, 3, false), .failure = "", .since = 1s},
      {.description = "not published", .view = view_of(3, 0), .failure = "", .since = 2s},
      {.description = "older rules are published", .view = view_of(3, 2), .failure = "", .since = 2s},
      {.description = "the first rules were refused", .view = view_of(0, 0), .failure = "no", .since = 2s},
  };
  for (const Case& c : cases) {
    StatusView view = c.view;
    view.reloads.last_failure = c.failure;
    EXPECT_TRUE(is_ready(view, c.since)) << c.description;
    if (c.since > 0ms) {
      EXPECT_FALSE(is_ready(view, c.since - 1ms)) << c.description;
    }
  }
  EXPECT_FALSE(is_ready(view_of(0, 0), 1h)) << "the first rules are being compiled";
}

TEST(Readiness, TheLineSaysWhatIsNotAsItShouldBe) {
  StatusView view = view_of(3, 0);
  EXPECT_EQ(status_line(view), "generation 3, waiting for a dataplane at /run/d.sock");
  view.hello.emplace();
  EXPECT_EQ(status_line(view), "generation 3 not published");
  view.acknowledged = 3;
  EXPECT_EQ(status_line(view), "generation 3 published");
  view.reloads.refused_file.emplace().reasons = {"a.yaml:1: error: no", "more"};
  EXPECT_EQ(status_line(view), "generation 3 published; the configuration on disk is REFUSED: a.yaml:1: error: no");
  EXPECT_EQ(status_line(view_of(0, 0)), "generation 0, waiting for a dataplane at /run/d.sock");
}

}  // namespace
}  // namespace penstock::control
