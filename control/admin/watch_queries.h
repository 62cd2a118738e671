// control/admin/watch_queries.h - penstockctl's side of tail, grep and top: asks again and again, and prints.
#pragma once

#include <atomic>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace penstock::control {

struct WatchOptions {
  std::string socket;
  bool as_json = false;
  nlohmann::json filter =
      nlohmann::json::object();  // "match", "type", "rcode", "outcome", "slow_ms" (control/queries/query_filter.h)
  uint64_t most = 0;             // queries printed, then it ends; 0: any number
  unsigned seconds = 0;          // then it ends, 0: never; top: the span that is looked at
  unsigned count = 10;           // rows of a table
  bool once = false;             // top: one look
};

// Each returns penstockctl's exit status. `stop` ends tail and top.
// Queries from now on, each on a line; JSON lines with `as_json`.
int tail(const WatchOptions&, const std::atomic<bool>& stop);
// Those that the dataplane still has; 1: none of them passes the filter.
int grep(const WatchOptions&);
int top(const WatchOptions&, const std::atomic<bool>& stop);

}  // namespace penstock::control
