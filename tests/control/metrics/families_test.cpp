// tests/control/metrics/families_test.cpp - the table of metrics: names have their units, the page says what the table says, the number of
// series is bounded.
#include "control/metrics/families.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "control/metrics/collect.h"
#include "tests/control/metrics/metrics_page.h"
#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

std::string content_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(MetricsPage, IsWhatTheTableSays) {
  const std::string path = PENSTOCK_SOURCE "/docs/metrics.md";
  const std::string rules = content_of(PENSTOCK_SOURCE "/deploy/prometheus/penstock.rules.yml");
  ASSERT_NE(rules, "");
  const std::string page = metrics_page(rules);
  if (std::getenv("PENSTOCK_WRITE_PAGE") != nullptr) std::ofstream(path) << page;
  const std::string written = content_of(path);
  if (written == page) return;
  const auto differs = std::mismatch(page.begin(), page.end(), written.begin(), written.end()).first;
  ADD_FAILURE()
      << "line " << 1 + std::count(page.begin(), differs, '\n')
      << " of docs/metrics.md is not what the table and the alerts say; its first lines say how it is made anew";
}

TEST(MetricsPage, KnowsTheAlertsOfAFamily) {
  const auto alerts = alerts_of(
      "      - alert: One\n        expr: penstock_a > 0\n        annotations:\n          summary: penstock_b\n"
      "      - alert: Two\n        expr: |\n          # penstock_c\n          rate(penstock_a_seconds_bucket[1m])\n"
      "          and penstock_a > 1\n        for: 5m\n");
  const std::map<std::string, std::set<std::string>> wanted = {{"penstock_a", {"One", "Two"}},
                                                               {"penstock_a_seconds", {"Two"}}};
  EXPECT_EQ(alerts, wanted);
}

// Two are names of their own: the residual, a difference of sums, and the entropy, as promtool takes `_bits` for bytes.
bool has_its_unit(const Family& family) {
  std::string name(family.name);
  const bool is_counter = family.kind == FamilyKind::counter;
  if (name.ends_with("_total") != is_counter) return false;
  if (is_counter) name.resize(name.size() - std::string_view("_total").size());
  if (family.unit == kFlag || family.unit == kNumber || name == "penstock_accounting_residual" ||
      name == "penstock_query_entropy")
    return true;
  const std::string unit = "_" + std::string(family.unit);
  static const std::set<std::string> kAtTheEnd = {"_seconds", "_bytes", "_ratio", "_queries_per_second"};
  if (kAtTheEnd.contains(unit)) return name.ends_with(unit) || name.ends_with(unit + "_limit");
  return (name + "_").find(unit + "_") != std::string::npos;
}

TEST(Families, NamesHaveTheirUnits) {
  std::set<std::string_view> names;
  for (const Family& family : kFamilies) {
    EXPECT_TRUE(names.insert(family.name).second) << family.name << " twice";
    EXPECT_TRUE(family.name.starts_with("penstock_")) << family.name;
    EXPECT_TRUE(has_its_unit(family)) << family.name << " counts " << family.unit;
  }
  Family wrong = kFamilies[0];
  for (const auto& [name, unit] : {std::pair{"penstock_wait", "seconds"},
                                   {"penstock_wait_seconds", "seconds"},
                                   {"penstock_seconds_of_wait_total", "seconds"},
                                   {"penstock_dropped_total", "queries"}}) {
    wrong.name = name;
    wrong.unit = unit;
    EXPECT_FALSE(has_its_unit(wrong)) << name;
  }
}

StatusView view_of(const OwnedCounterPage& page, size_t pools, size_t endpoints_of_a_pool) {
  StatusView view;
  view.model = std::make_shared<config::Model>();
  view.page = {page.get(), [](const config::CounterPage*) {}};
  view.hello.emplace();
  uint16_t slot = 0;
  for (size_t pool = 0; pool < pools; ++pool)
    for (size_t i = 0; i < endpoints_of_a_pool; ++i) {
      EndpointView one;
      one.health.id = {"pool" + std::to_string(pool), *config::parse_address("10.1.0." + std::to_string(slot))};
      one.health.udp.round_trip = std::chrono::microseconds(1);
      one.health.tcp.round_trip = std::chrono::microseconds(1);
      one.budget = 10;
      one.slot = config::EndpointSlot{slot++};
      view.endpoints.push_back(one);
    }
  return view;
}

// Lines of a scrape.
size_t series_of(const StatusView& view) {
  BusyShare share;
  size_t series = 0;
  for (const auto& family : collect(view, share, std::chrono::system_clock::now()))
    for (const auto& metric : family.metric)
      series += family.type == prometheus::MetricType::Histogram ? metric.histogram.bucket.size() + 2 : 1;
  return series;
}

TEST(Families, AnEndpointHasAtMostSixtySeries) {
  const OwnedCounterPage page = new_page(2);
  const size_t one = series_of(view_of(page, 1, 1));
  const size_t ten = series_of(view_of(page, 1, 10));
  EXPECT_LE(ten - one, 9 * 60U);
  EXPECT_GE(ten - one, 9 * 30U) << "they are there";
  const size_t pools = series_of(view_of(page, 10, 2));
  EXPECT_LE(pools - one, 19 * 60U) << "with what their pools have";
  EXPECT_LE(series_of(view_of(page, 2, 5)) - ten, 20U) << "a pool more, and no endpoint";
}

TEST(Families, RulesHaveAtMostFourHundredSeries) {
  const OwnedCounterPage page = new_page(1);
  StatusView view = view_of(page, 1, 1);
  const size_t none = series_of(view);
  view.rule_answers.resize(67);
  for (size_t i = 0; i < view.rule_answers.size(); ++i) view.rule_answers[i].rule = "zones[" + std::to_string(i) + "]";
  EXPECT_EQ(series_of(view) - none, 67 * 6U);
}

}  // namespace
}  // namespace penstock::control::test
