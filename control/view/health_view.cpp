#include "control/view/health_view.h"

#include <algorithm>

namespace penstock::control {
namespace {

std::string reason_not_ready(const StatusView& view) {
  if (!view.page) return "no dataplane is connected";
  if (view.page->generation.get() == 0) return "the dataplane has no rules yet";
  if (view.page->stopping.get() != 0) return "the dataplane is stopping";
  if (!view.hung_lcores.empty())
    return "lcore " + std::to_string(view.hung_lcores.front().lcore) + " of the dataplane hangs";
  return "";
}

}  // namespace

HealthView health_view(const StatusView& view) {
  HealthView health;
  health.reason = reason_not_ready(view);
  health.is_ready = health.reason.empty();
  if (health.is_ready && view.reloads.refused_file) health.reason = "the configuration on disk is refused";
  if (health.is_ready && view.rollback) health.reason = "the rules were rolled back: the file on disk is not in force";
  for (const EndpointView& endpoint : view.endpoints) {
    const std::string& pool = endpoint.health.id.pool;
    auto known =
        std::find_if(health.pools.begin(), health.pools.end(), [&](const auto& one) { return one.pool == pool; });
    if (known == health.pools.end()) known = health.pools.insert(known, {.pool = pool});
    ++known->endpoints;
    if (endpoint.health.state != config::Health::down && endpoint.state.reachable != 0) ++known->up;
  }
  return health;
}

std::string health_text(const HealthView& health) {
  std::string text = health.is_ready ? "ready" : "not ready";
  text += (health.reason.empty() ? "" : ": " + health.reason) + "\n";
  for (const PoolHealth& pool : health.pools)
    text += "pool " + pool.pool + ": " + std::to_string(pool.up) + " of " + std::to_string(pool.endpoints) +
            " endpoints up\n";
  return text;
}

}  // namespace penstock::control
