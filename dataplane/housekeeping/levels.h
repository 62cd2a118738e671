// dataplane/housekeeping/levels.h - how full things are and what ports have lost, for control to read.
#pragma once

#include <chrono>

#include "dataplane/parts.h"

namespace penstock {

class Levels {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit Levels(Parts& parts) : parts_(parts) {}

  // To be called often. Most of it once a second: asking a driver is a system call or two, and a pool has a store for each lcore.
  void tick(Time now);

 private:
  void count_answers();
  void count_losses();
  void count_use();
  void count_process();

  Parts& parts_;
  Time counted_at_{};
};

}  // namespace penstock
