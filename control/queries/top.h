// control/queries/top.h - who asked what the most in a span of time: exact over the decisions that are kept.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <unordered_map>
#include <vector>

#include "config/contract/decisions/decision_ring.h"
#include "control/queries/query_names.h"

namespace penstock::control {

class Top {
 public:
  explicit Top(const QueryNames& names) : names_(names) {}

  void add(const config::NotedDecision&);
  // Of each table the `count` largest. `seconds`: the span that the decisions are of. Members: queries, per_second, ms (p50, p99, max of
  // answers from endpoints and of all), rcodes, outcomes, names, types, rules, clients, failing (names with SERVFAIL or without an answer),
  // refused (clients), slow (names, by their slowest answer), endpoints.
  nlohmann::json report(double seconds, size_t count) const;

 private:
  using Counts = std::unordered_map<std::string, uint64_t>;

  const QueryNames& names_;
  uint64_t queries_ = 0;
  Counts names_asked_, types_, rules_, clients_, failing_, refused_, rcodes_, outcomes_, endpoints_;
  std::unordered_map<std::string, uint32_t> slowest_us_;
  std::vector<uint32_t> took_us_;            // of all
  std::vector<uint32_t> took_forwarded_us_;  // of those that an endpoint answered
};

}  // namespace penstock::control
