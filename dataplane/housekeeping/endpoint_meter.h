// dataplane/housekeeping/endpoint_meter.h - how many queries each endpoint is sent in a second, by all lcores together.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "config/contract/counters.h"
#include "dataplane/state/endpoints/rate_budget.h"
#include "dataplane/tables/ruleset.h"

namespace penstock {

// The main thread's: it adds up what the lcores counted and tells control (CounterPage::endpoint_rate) and the lcores.
class EndpointMeter {
 public:
  static constexpr uint64_t kPeriodNs = 100'000'000;
  static constexpr unsigned kPeriods = 10;  // over which the mean is taken

  // To be called often; does something every kPeriodNs. `now` in ns. `rules`: in force; nullptr: none yet.
  void tick(const tables::Ruleset* rules, config::CounterPage& page, state::RateBudgets& budgets, uint64_t now);

 private:
  struct Reading {
    uint64_t at = 0;       // ns; 0: not read
    uint64_t queries = 0;  // since the start
  };
  struct Slot {
    std::array<Reading, kPeriods> readings;
    unsigned next = 0;
    bool in_use = false;
  };
  void read(config::EndpointSlot slot, config::CounterPage& page, state::RateBudgets& budgets, uint64_t now);

  uint64_t due_ = 0;
  using Slots = config::IndexedArray<config::EndpointSlot, Slot, config::kMaxEndpoints>;
  std::unique_ptr<Slots> slots_ = std::make_unique<Slots>();
};

}  // namespace penstock
