// dataplane/parts.h - what the process is made of, in the order in which assembly/ makes it: each part needs some of those above it.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "config/model.h"
#include "dataplane/control_link.h"
#include "dataplane/net/eal.h"
#include "dataplane/net/pools/mbuf_pool.h"
#include "dataplane/net/pools/stream_pool.h"
#include "dataplane/net/ports.h"
#include "dataplane/slow/slow_lane.h"
#include "dataplane/worker.h"

namespace penstock {

struct Parts {
  config::Model model;
  net::EalInfo eal{};
  net::PoolPointer pool{};
  std::optional<net::StreamPool> stream_pool{};
  std::unique_ptr<net::Ports> ports{};
  config::SourcePorts source_ports{};
  // As it was at start: what never changes is looked up there by the slow lane.
  std::unique_ptr<const tables::LocalHost> start_host{};
  std::unique_ptr<const tables::LocalHost> host{};  // in force; what changes on the ports' interfaces makes another
  std::unique_ptr<SharedPages> pages{};
  std::unique_ptr<Publisher> publisher{};
  std::unique_ptr<state::Rings> rings{};
  std::unique_ptr<state::RateBudgets> budgets{};
  std::unique_ptr<state::AnswerCache> answers{};
  std::unique_ptr<state::PoolReturns> returns{};
  std::unique_ptr<state::EdnsMemory> no_edns{};
  std::unique_ptr<state::RateLimits> limits{};
  std::unique_ptr<state::CookieKeys> cookies{};
  std::unique_ptr<Plant> plant{};
  std::vector<std::unique_ptr<Worker>> workers{};
  std::vector<unsigned> exit_of_port{};  // an lcore that owns a queue of it
  std::unique_ptr<slow::SlowLane> slow_lane{};
  std::unique_ptr<ControlLink> link{};
  bool launched = false;
};

}  // namespace penstock
