// control/metrics/metric_list.h - metric families under construction: values added by name, each family once.
//
//   MetricList list;
//   list.counter("penstock_queries_total", "Queries by outcome", {{"outcome", "forwarded"}}, 12);
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <prometheus/metric_family.h>

namespace penstock::control {

class MetricList {
 public:
  using Labels = std::vector<std::pair<std::string, std::string>>;

  void counter(const std::string& name, const std::string& help, Labels labels, double value) {
    family(name, help, prometheus::MetricType::Counter, std::move(labels)).counter.value = value;
  }
  void gauge(const std::string& name, const std::string& help, Labels labels, double value) {
    family(name, help, prometheus::MetricType::Gauge, std::move(labels)).gauge.value = value;
  }
  prometheus::ClientMetric::Histogram& histogram(const std::string& name, const std::string& help, Labels labels) {
    return family(name, help, prometheus::MetricType::Histogram, std::move(labels)).histogram;
  }

  std::vector<prometheus::MetricFamily> take() { return std::move(families_); }

 private:
  prometheus::ClientMetric& family(const std::string& name, const std::string& help, prometheus::MetricType type,
                                   Labels labels) {
    size_t at = 0;
    while (at < families_.size() && families_[at].name != name) ++at;
    if (at == families_.size()) families_.push_back({name, help, type, {}});
    prometheus::ClientMetric& metric = families_[at].metric.emplace_back();
    for (auto& [key, value] : labels) metric.label.push_back({std::move(key), std::move(value)});
    return metric;
  }

  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace penstock::control
