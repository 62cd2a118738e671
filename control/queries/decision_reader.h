// control/queries/decision_reader.h - takes decisions out of the rings of the counter page (config/contract/decisions).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "config/contract/counters.h"

namespace penstock::control {

// Where the next decision of each lcore is read. Of one dataplane: another one counts from the beginning.
struct DecisionCursor {
  uint64_t dataplane_started_at = 0;  // seconds since 1970, CounterPage::started_at
  std::vector<uint64_t> slots;        // by lcore

  bool operator==(const DecisionCursor&) const = default;
};

// Behind what has been noted until now, or at the oldest decisions kept.
DecisionCursor newest(const config::CounterPage& page);
DecisionCursor oldest(const config::CounterPage& page);

struct DecisionBatch {
  std::vector<config::NotedDecision> decisions;  // by time
  DecisionCursor next;
  uint64_t missed_slots = 0;  // overwritten before they were read; a decision takes two as a rule
  bool more = false;          // there are more than `most`
};

// At most `most` decisions from the cursor on. A cursor of another dataplane begins at what this one has kept.
DecisionBatch read_decisions(const config::CounterPage& page, const DecisionCursor& from, size_t most);

// All decisions from the cursor on, lcore by lcore and without their names, and the cursor behind them. The result: slots that were
// overwritten before they were read.
uint64_t visit_decisions(const config::CounterPage& page, DecisionCursor& cursor,
                         const std::function<void(const config::Decision&)>& visit);

// Time of the decision, ns since 1970.
uint64_t unix_ns(const config::CounterPage& page, const config::Decision& decision);

}  // namespace penstock::control
