// control/view/turn_watch.h - lcores that hang: their loops count their turns in memory that this process reads.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "config/contract/counters.h"

namespace penstock::control {

struct HungLcore {
  uint32_t lcore = 0;
  std::chrono::steady_clock::time_point since;  // its last turn, at the earliest

  bool operator==(const HungLcore&) const = default;
};

class TurnWatch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // Without a turn for that long, an lcore answers nobody. One that turns again is trusted after a second of it.
  static constexpr std::chrono::milliseconds kPatience{200};
  static constexpr std::chrono::seconds kTrust{1};

  // To be called about as often as kPatience. `page`: null where no dataplane is connected.
  const std::vector<HungLcore>& look(const config::CounterPage* page, Time now);

 private:
  struct Lcore {
    uint64_t turns = 0;
    Time turned_at{};
    Time hung_at{};  // when it was last seen hanging
    bool hangs = false;
  };

  uint64_t started_at_ = 0;  // of the dataplane that the rest is of
  std::vector<Lcore> lcores_;
  std::vector<HungLcore> hung_;
};

}  // namespace penstock::control
