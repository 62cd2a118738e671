// tests/control/view/health_view_test.cpp - what a load balancer and a routing daemon hear.
#include "control/view/health_view.h"

#include <gtest/gtest.h>

#include "tests/control/queries/samples.h"

namespace penstock::control {
namespace {

EndpointView endpoint(const char* pool, config::Health health, bool is_reachable) {
  EndpointView one;
  one.health.id = {pool, *config::parse_address("10.16.1.10")};
  one.health.state = health;
  one.state.reachable = is_reachable ? 1 : 0;
  return one;
}

StatusView view_of(std::shared_ptr<const config::CounterPage> page) {
  StatusView view;
  view.page = std::move(page);
  view.endpoints = {endpoint("vpc", config::Health::up, true), endpoint("vpc", config::Health::down, true),
                    endpoint("office", config::Health::unknown, true), endpoint("office", config::Health::up, false)};
  return view;
}

TEST(HealthView, ReadyOnceADataplaneHasRules) {
  const std::shared_ptr<config::CounterPage> page = test::new_page(1);
  EXPECT_EQ(health_text(health_view(view_of(nullptr))),
            "not ready: no dataplane is connected\npool vpc: 1 of 2 endpoints up\npool office: 1 of 2 endpoints up\n");
  EXPECT_EQ(health_view(view_of(page)).reason, "the dataplane has no rules yet");
  page->generation.set(7);
  EXPECT_EQ(health_text(health_view(view_of(page))),
            "ready\npool vpc: 1 of 2 endpoints up\npool office: 1 of 2 endpoints up\n");
}

TEST(HealthView, ADataplaneThatStopsOrHangsIsNotReady) {
  const std::shared_ptr<config::CounterPage> page = test::new_page(2);
  page->generation.set(7);
  StatusView view = view_of(page);
  view.hung_lcores = {{.lcore = 1, .since = {}}};
  EXPECT_FALSE(health_view(view).is_ready);
  EXPECT_EQ(health_view(view).reason, "lcore 1 of the dataplane hangs");
  page->stopping.set(1);
  EXPECT_FALSE(health_view(view).is_ready);
  EXPECT_EQ(health_view(view).reason, "the dataplane is stopping");
}

TEST(HealthView, EndpointsAreNoReasonToLeave) {
  const std::shared_ptr<config::CounterPage> page = test::new_page(1);
  page->generation.set(7);
  StatusView view = view_of(page);
  for (EndpointView& one : view.endpoints) one.health.state = config::Health::down;
  EXPECT_TRUE(health_view(view).is_ready);
  EXPECT_EQ(health_view(view).pools[0].up, 0U);
}

TEST(HealthView, ARefusedFileIsToldButIsNoReasonEither) {
  const std::shared_ptr<config::CounterPage> page = test::new_page(1);
  page->generation.set(7);
  StatusView view = view_of(page);
  view.reloads.refused_file = RefusedFile{.at = {}, .reasons = {"x"}, .copy = {}, .copied_at = {}};
  const HealthView health = health_view(view);
  EXPECT_TRUE(health.is_ready);
  EXPECT_EQ(health.reason, "the configuration on disk is refused");
}

}  // namespace
}  // namespace penstock::control
