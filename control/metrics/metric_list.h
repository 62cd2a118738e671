// control/metrics/metric_list.h - metric families under construction: values added by name, with the labels of the table (families.h).
//
//   MetricList list;
//   list.add("penstock_cache_entries", {}, 12);
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

#include "control/metrics/families.h"

namespace penstock::control {

// What a scrape says of a family: its help, and what the values of its label mean.
inline std::string help_of(const Family& family) {
  std::string help(family.help);
  if (help.back() != '.') help += '.';
  for (const CounterName& one : family.values) help += std::string(" ") + one.name + ": " + one.help + ".";
  return help;
}

class MetricList {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;
  using Buckets = std::array<uint64_t, config::kLatencyBuckets>;

  // Of a counter or gauge.
  void add(FamilyName name, Labels labels, double value) {
    prometheus::ClientMetric& metric = series(name, std::move(labels));
    if (kFamilies[name.index].kind == FamilyKind::counter)
      metric.counter.value = value;
    else
      metric.gauge.value = value;
  }
  // `buckets` as the counter page has them. The lowest become one: what took less than 128 us was fast, and each bucket is a series of each
  // endpoint.
  void latency(FamilyName name, Labels labels, const Buckets& buckets, double sum_seconds) {
    auto& histogram = series(name, std::move(labels)).histogram;
    uint64_t cumulative = 0;
    for (size_t i = 0; i < buckets.size(); ++i) {
      cumulative += buckets[i];
      if (i < kFirstBucket) continue;
      const bool last = i + 1 == buckets.size();
      const double bound = last ? std::numeric_limits<double>::infinity() : std::ldexp(1e-6, static_cast<int>(i));
      histogram.bucket.push_back({cumulative, bound});
    }
    // Not another counter: count and buckets are read at one time and must agree.
    histogram.sample_count = cumulative;
    histogram.sample_sum = sum_seconds;
  }

  // Those that have a value, in the order of the table.
  std::vector<prometheus::MetricFamily> take() {
    std::vector<prometheus::MetricFamily> taken;
    for (prometheus::MetricFamily& family : families_)
      if (!family.metric.empty()) taken.push_back(std::move(family));
    return taken;
  }

 private:
  static constexpr size_t kFirstBucket = 7;  // below 2^7 us

  prometheus::ClientMetric& series(FamilyName name, Labels labels) {
    prometheus::MetricFamily& family = families_[name.index];
    if (family.metric.empty()) {
      static constexpr prometheus::MetricType kTypes[] = {
          prometheus::MetricType::Counter, prometheus::MetricType::Gauge, prometheus::MetricType::Histogram};
      const Family& written = kFamilies[name.index];
      family.name = written.name;
      family.help = help_of(written);
      family.type = kTypes[static_cast<size_t>(written.kind)];
    }
    prometheus::ClientMetric& metric = family.metric.emplace_back();
    for (auto& [key, value] : labels) metric.label.push_back({std::move(key), std::move(value)});
    return metric;
  }

  std::array<prometheus::MetricFamily, kFamilies.size()> families_;
};

}  // namespace penstock::control
