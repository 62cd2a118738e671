// tests/control/metrics/metrics_page.h - docs/metrics.md, made from the table of families (control/metrics/families.h) and from the alerts.
#pragma once

#include <cstring>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "control/metrics/metric_list.h"
#include "control/metrics/slow_series.h"

namespace penstock::control::test {

constexpr const char* kMetricsRecipe =
    "PENSTOCK_WRITE_PAGE=1 build/release/tests/control/metrics/metrics_test --gtest_filter='MetricsPage.*'";

struct SectionText {
  const char* title;
  const char* text;
};
// In the order of Section.
inline constexpr SectionText kSections[] = {
    {"Clients", "Who asked, what they got, and how long they waited."},
    {"The path of a packet",
     "Each frame, query and response is in one outcome of its family: the sums close (`config/contract/counters.h`)."},
    {"The answer cache", "What is in it. What was answered from it is in `penstock_queries_total`."},
    {"Endpoints", "At most 60 series for an endpoint, and 20 for a pool, are in this page's families together."},
    {"TCP, and UDP in fragments", "What the one thread beside the lcores does (`penstockctl status`, slow lane)."},
    {"Zone transfers", "AXFR and IXFR that are passed to endpoints."},
    {"Lcores", "The polling threads and their tables."},
    {"Ports", "Network ports, rings and frame buffers."},
    {"Rules", "The configuration, and the rules made of it."},
    {"Processes", "`penstock-control`, which serves this page, and `penstock-dataplane`."},
};

// The alerts that speak of each family, by name.
inline std::map<std::string, std::set<std::string>> alerts_of(const std::string& rules) {
  static const std::regex metric("penstock_[a-z_]+");
  static const std::regex in_expression("^        (  .*|expr: .*)$");
  std::map<std::string, std::set<std::string>> alerts;
  std::istringstream lines(rules);
  std::string alert;
  bool is_expression = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("      - alert: ")) alert = line.substr(15);
    if (line.starts_with("        ") && line[8] != ' ') is_expression = line.starts_with("        expr:");
    if (!is_expression || line.find_first_not_of(' ') == line.find('#')) continue;
    for (std::sregex_iterator at(line.begin(), line.end(), metric), end; at != end; ++at) {
      std::string family = at->str();
      for (const char* part : {"_bucket", "_count", "_sum"})
        if (family.ends_with("_seconds" + std::string(part))) family.resize(family.size() - std::strlen(part));
      alerts[family].insert(alert);
    }
  }
  return alerts;
}

// The values of a label with their meanings.
inline std::vector<CounterName> values_of(const Family& family, std::string& label) {
  label = family.value_of;
  std::vector<CounterName> values(family.values.begin(), family.values.end());
  for (size_t at = 0; at < std::size(kSlowSeries); ++at)
    if (kSlowSeries[at].family == family.name && kSlowSeries[at].label != nullptr) {
      label = kSlowSeries[at].label;
      values.push_back({kSlowSeries[at].value, kSlowCounterNames[at].help});
    }
  return values;
}

inline std::string row_of(const Family& family, const std::set<std::string>& alerts) {
  static constexpr const char* kKinds[] = {"counter", "gauge", "histogram"};
  std::string text = "| `" + std::string(family.name) + "` | " + kKinds[static_cast<size_t>(family.kind)] + " | " +
                     std::string(family.unit) + " | " + std::string(family.labels) + " | " + std::string(family.help) +
                     (family.help.ends_with('.') ? "" : ".") + " | " + std::string(family.watch);
  std::string separator = family.watch.empty() ? "" : " ";
  for (const std::string& alert : alerts) {
    text += separator + "[" + alert + "](runbooks/" + alert + ".md)";
    separator = ", ";
  }
  return text + " |\n";
}

inline std::string metrics_page(const std::string& rules) {
  const auto alerts = alerts_of(rules);
  std::string page =
      "<!-- Made from control/metrics/families.h and deploy/prometheus/penstock.rules.yml. Change them, then:\n     " +
      std::string(kMetricsRecipe) +
      " -->\n# Every metric\n\n"
      "`penstock-control` serves them at `http://127.0.0.1:9153/metrics` (`metrics:` in configuration.md; TLS and "
      "users: operations.md). A "
      "counter starts from 0\n"
      "with its process; `_seconds`, `_bytes`, `_ratio` and nouns in a name are its unit. The last column says when a "
      "metric is worth an alert, "
      "or which alert of\n`deploy/prometheus/` has it already.\n";
  for (size_t at = 0; at < std::size(kSections); ++at) {
    page += "\n## " + std::string(kSections[at].title) + "\n" + kSections[at].text +
            "\n\n| metric | type | unit | labels | meaning | alert |\n|---|---|---|---|---|---|\n";
    std::string meanings;
    for (const Family& family : kFamilies) {
      if (family.section != static_cast<Section>(at)) continue;
      const auto found = alerts.find(std::string(family.name));
      page += row_of(family, found == alerts.end() ? std::set<std::string>{} : found->second);
      std::string label;
      const auto values = values_of(family, label);
      if (values.empty()) continue;
      meanings += "\n`" + label + "` of `" + std::string(family.name) + "`:\n\n| value | meaning |\n|---|---|\n";
      for (const CounterName& one : values) meanings += "| `" + std::string(one.name) + "` | " + one.help + " |\n";
    }
    page += meanings;
  }
  return page;
}

}  // namespace penstock::control::test
