#include "dataplane/housekeeping/levels.h"

#include <rte_mempool.h>

#include <algorithm>

#include "config/process_use.h"
#include "dataplane/clocks.h"

namespace penstock {

void Levels::tick(Time now) {
  count_answers();
  if (now - counted_at_ < std::chrono::seconds(1)) return;
  counted_at_ = now;
  parts_.pages->counters().unix_offset_ns.set(unix_ns() - lcore_clock_ns());
  count_losses();
  count_use();
  count_process();
}

void Levels::count_answers() {
  config::CounterPage& counters = parts_.pages->counters();
  counters.cache_entries.set(parts_.answers->entries());
  counters.cache_used.set(parts_.answers->used());
  counters.cache_size.set(parts_.answers->size());
  counters.cache_evicted.set(parts_.answers->evicted());
}

void Levels::count_losses() {
  const std::vector<net::PortLosses> losses = parts_.ports->losses();
  for (size_t i = 0; i < losses.size() && i < config::kMaxPorts; ++i) {
    config::PortCounters& port = parts_.pages->counters().ports[i];
    port.receive_missed.set(losses[i].receive_missed);
    port.receive_errors.set(losses[i].receive_errors);
    port.receive_no_mbuf.set(losses[i].receive_no_mbuf);
    port.transmit_errors.set(losses[i].transmit_errors);
  }
}

void Levels::count_use() {
  config::CounterPage& counters = parts_.pages->counters();
  size_t fullest = 0;
  for (unsigned from = 0; from < parts_.rings->threads(); ++from) {
    for (unsigned to = 0; to < parts_.rings->threads(); ++to) {
      const state::FrameRing& ring = parts_.rings->ring(from, to);
      fullest = std::max(fullest, ring.size() * state::kRingFrames / ring.capacity());
    }
  }
  counters.ring_used.set(fullest);
  const uint64_t clock = monotonic_ns();
  counters.rates_used.set(parts_.limits->clients.in_use(clock));
  counters.answer_rates_used.set(parts_.limits->answers.in_use(clock));
  counters.mbufs_used.set(rte_mempool_in_use_count(parts_.pool.get()));
}

void Levels::count_process() {
  config::CounterPage& counters = parts_.pages->counters();
  const config::ProcessUse use = config::process_use();
  counters.process_cpu_ns.set(use.cpu_ns);
  counters.process_resident.set(use.resident);
  counters.process_files.set(use.files);
  counters.process_most_files.set(use.most_files);
}

}  // namespace penstock
