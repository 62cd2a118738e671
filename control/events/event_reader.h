// control/events/event_reader.h - takes new events out of the rings of the counter page (config/contract/event_ring.h).
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "config/contract/counters.h"

namespace penstock::control {

class EventReader {
 public:
  // `since` is when this process started, seconds since 1970. Events of a dataplane that is older were seen by the control
  // before this one, or are of an unknown age: they are passed over.
  explicit EventReader(uint64_t since) : since_(since) {}

  // The page that was attached last goes on where it was read to.
  void attach(std::shared_ptr<const config::CounterPage> page);
  void detach() { page_.reset(); }

  // What has come since the last call, of each lcore in order.
  std::vector<config::Event> read();
  // Events that were overwritten before they were read.
  uint64_t missed() const { return missed_; }

 private:
  uint64_t since_;
  uint64_t page_started_at_ = 0;
  std::shared_ptr<const config::CounterPage> page_;
  std::array<uint64_t, config::kMaxLcores> next_{};
  uint64_t missed_ = 0;
};

}  // namespace penstock::control
