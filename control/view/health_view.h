// control/view/health_view.h - may this node take queries? For load balancers, routing daemons and people: /readyz and `penstockctl health`.
#pragma once

#include <string>
#include <vector>

#include "control/view/status_view.h"

namespace penstock::control {

struct PoolHealth {
  std::string pool;
  size_t up = 0;  // endpoints that answer, or have not been probed yet
  size_t endpoints = 0;
};

struct HealthView {
  // A dataplane is connected, has rules and takes queries, and all its lcores turn. What endpoints do is no reason to leave: the other nodes have the same ones, and all would leave
  // at once.
  bool is_ready = false;
  std::string reason;  // in words, why not; or what is worth knowing; or empty
  std::vector<PoolHealth> pools;
};

HealthView health_view(const StatusView& view);
// "ready" or "not ready: ...", and a line for each pool.
std::string health_text(const HealthView& health);

}  // namespace penstock::control
