// dataplane/housekeeping/watchdog.h - the service manager's watchdog is fed while every lcore turns: a dataplane whose lcore hangs is
// restarted, and clients are served again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace penstock {

class Watchdog {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // An lcore that shares its processor may wait for it. It does not wait that long.
  static constexpr std::chrono::seconds kPatience{5};

  struct Manager {
    std::chrono::microseconds period;  // to be fed this often
    std::function<void()> feed;
  };

  // Without a manager a hanging lcore is only logged.
  explicit Watchdog(std::optional<Manager> manager) : manager_(std::move(manager)) {}

  // To be called often. `turns`: of each lcore's loop, so far.
  void tick(std::span<const uint64_t> turns, Time now);

 private:
  struct Lcore {
    uint64_t turns = 0;
    Time turned_at{};
    bool hangs = false;
  };
  bool all_turn(std::span<const uint64_t> turns, Time now);

  std::optional<Manager> manager_;
  std::vector<Lcore> lcores_;
  Time fed_at_{};
};

// What systemd asks for by WATCHDOG_USEC (sd_watchdog_enabled(3)); empty: nothing.
std::optional<Watchdog::Manager> service_manager_watchdog();

}  // namespace penstock
