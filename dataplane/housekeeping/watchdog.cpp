#include "dataplane/housekeeping/watchdog.h"

#include <spdlog/spdlog.h>
#include <systemd/sd-daemon.h>

namespace penstock {

void Watchdog::tick(std::span<const uint64_t> turns, Time now) {
  const bool well = all_turn(turns, now);
  if (!manager_ || !well || now - fed_at_ < manager_->period) return;
  fed_at_ = now;
  manager_->feed();
}

bool Watchdog::all_turn(std::span<const uint64_t> turns, Time now) {
  lcores_.resize(turns.size(), {.turned_at = now});
  bool well = true;
  for (size_t i = 0; i < turns.size(); ++i) {
    Lcore& lcore = lcores_[i];
    if (turns[i] != lcore.turns) {
      if (lcore.hangs) spdlog::warn("lcore {} turns again", i);
      lcore = {.turns = turns[i], .turned_at = now};
    } else if (now - lcore.turned_at >= kPatience) {
      if (!lcore.hangs)
        spdlog::error("lcore {} has not turned for {} s: {}", i, kPatience.count(),
                      manager_ ? "the watchdog of the service manager is not fed any more" : "restart the dataplane");
      lcore.hangs = true;
      well = false;
    }
  }
  return well;
}

std::optional<Watchdog::Manager> service_manager_watchdog() {
  uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return {};
  return Watchdog::Manager{std::chrono::microseconds(microseconds) / 4, [] { sd_notify(0, "WATCHDOG=1"); }};
}

}  // namespace penstock
