// dataplane/assembly/workers.cpp - the lcores' work: what they share, their seeds and source ports, and by whom frames leave a port.
#include <algorithm>
#include <array>

#include "dataplane/assembly/assembly.h"
#include "dataplane/clocks.h"
#include "dataplane/secrets.h"

namespace penstock::assembly {
namespace {

void make_shared_state(Parts& parts) {
  parts.publisher =
      std::make_unique<Publisher>(static_cast<unsigned>(parts.eal.polling_lcores.size()), parts.pages->counters());
  parts.rings = std::make_unique<state::Rings>(static_cast<unsigned>(parts.eal.polling_lcores.size()));
  parts.budgets = std::make_unique<state::RateBudgets>();
  parts.answers = std::make_unique<state::AnswerCache>(parts.model.dataplane.cache_size);
  parts.returns = std::make_unique<state::PoolReturns>();
  parts.no_edns = std::make_unique<state::EdnsMemory>();
  uint64_t limit_seed = 0;
  draw_random(&limit_seed, sizeof limit_seed);
  parts.limits = std::make_unique<state::RateLimits>(limit_seed);
  parts.cookies = std::make_unique<state::CookieKeys>(draw_cookie_secret(), lcore_clock_ns(), unix_ns());
}

void make_plant(Parts& parts) {
  uint64_t hash_key = 0;
  draw_random(&hash_key, sizeof hash_key);
  parts.plant = std::unique_ptr<Plant>(new Plant{.rules = *parts.publisher,
                                                 .endpoints = parts.pages->endpoints(),
                                                 .counters = parts.pages->counters(),
                                                 .rings = *parts.rings,
                                                 .pool = *parts.pool,
                                                 .shared = {*parts.budgets, *parts.answers, *parts.returns,
                                                            *parts.no_edns, *parts.limits, *parts.cookies, hash_key},
                                                 .idle = parts.model.idle});
  parts.plant->host.store(parts.host.get());
}

// Queue i of every port goes to lcore i, so that most frames need no other lcore to leave. Ports with fewer queues than there
// are lcores are spread.
void deal_queues(Parts& parts, uint8_t port, size_t widest) {
  const auto lcores = static_cast<unsigned>(parts.workers.size());
  const std::vector<net::Queue>& queues = parts.ports->all()[port].queues;
  const size_t offset = widest >= lcores ? 0 : port;
  std::vector<unsigned> owners;  // of queues of this port
  std::vector<PortExit> exits(lcores);
  for (size_t q = 0; q < queues.size(); ++q) {
    const auto lcore = static_cast<unsigned>((q + offset) % lcores);
    parts.workers[lcore]->own(queues[q]);
    if (!exits[lcore].own) owners.push_back(lcore);
    exits[lcore] = {.own = true, .queue = queues[q], .owner = lcore};
  }
  parts.exit_of_port.push_back(owners.front());
  for (unsigned lcore = 0; lcore < lcores; ++lcore) {
    if (!exits[lcore].own) exits[lcore].owner = owners[lcore % owners.size()];
    parts.workers[lcore]->leave_by(port, exits[lcore]);
  }
}

}  // namespace

void make_workers(Parts& parts) {
  make_shared_state(parts);
  make_plant(parts);
  const auto lcores = static_cast<unsigned>(parts.eal.polling_lcores.size());
  const auto each = static_cast<uint16_t>(parts.source_ports.count / lcores);
  for (unsigned i = 0; i < lcores; ++i) {
    std::array<uint8_t, 44> seed;
    draw_random(seed.data(), seed.size());
    const state::SourcePortBlock block{static_cast<uint16_t>(parts.source_ports.first + i * each), each};
    parts.workers.push_back(
        std::make_unique<Worker>(*parts.plant, static_cast<uint8_t>(i), parts.model.dataplane.pending, block, seed));
  }
  const auto& ports = parts.ports->all();
  size_t widest = 0;
  for (const net::OpenPort& port : ports) widest = std::max(widest, port.queues.size());
  for (uint8_t port = 0; port < ports.size(); ++port) deal_queues(parts, port, widest);
  for (const auto& worker : parts.workers)
    worker->leave_by(parts.host->stream_port(), {.own = false, .queue = {}, .owner = parts.rings->slow_thread()});
}

}  // namespace penstock::assembly
