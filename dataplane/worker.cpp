// dataplane/worker.cpp - the turn of an lcore around the packet path (dataplane/path/burst.cpp): rules, frames in, frames out, rest.
#include "dataplane/worker.h"

#include <rte_cycles.h>
#include <rte_mbuf.h>
#include <rte_pause.h>
#include <rte_rcu_qsbr.h>
#include <sys/prctl.h>

#include <algorithm>
#include <ctime>

#include "dataplane/path/flight/deliver.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/response/sweep.h"

namespace penstock {

void Worker::run() {
  const double ns_per_cycle = 1e9 / static_cast<double>(rte_get_tsc_hz());
  prctl(PR_SET_TIMERSLACK, 1);  // else a rest of 1 us lasts 50
  rte_rcu_qsbr* qsbr = plant_.rules.qsbr();
  rte_rcu_qsbr_thread_register(qsbr, lcore_.index);
  rte_rcu_qsbr_thread_online(qsbr, lcore_.index);
  while (!plant_.stop.load(std::memory_order_relaxed)) {
    const uint64_t begin = rte_rdtsc();
    const unsigned moved = turn(static_cast<uint64_t>(static_cast<double>(begin) * ns_per_cycle));
    rte_rcu_qsbr_quiescent(qsbr, lcore_.index);
    rest(moved);
    config::LcoreCounters& counters = lcore_.counters;
    (moved != 0 ? counters.busy_cycles : counters.idle_cycles).add(rte_rdtsc() - begin);
    counters.turns.add(1);
  }
  rte_rcu_qsbr_thread_offline(qsbr, lcore_.index);
  rte_rcu_qsbr_thread_unregister(qsbr, lcore_.index);
  ended_.store(true, std::memory_order_release);
}

// `now` in ns: the clock is read once a turn. Says how many frames moved.
unsigned Worker::turn(uint64_t now) {
  // A counter that jumps back (a moved virtual machine) must not end every query's patience.
  lcore_.now = std::max(now, lcore_.now);
  take_rules();
  unsigned moved = 0;
  for (const net::Queue queue : queues_) {
    std::array<rte_mbuf*, state::kBurst> frames;
    const uint16_t received = net::receive(queue, frames.data(), state::kBurst);
    if (received == 0) continue;
    path::take_received(lcore_, plant_.rings, burst_, {frames.data(), received}, queue.port);
    moved += received + take_turns();
  }
  return moved + take_turns();
}

// After each burst, not once a turn: an lcore with many queues must not lag behind with what others pass to it.
unsigned Worker::take_turns() {
  unsigned moved = 0;
  moved += path::take_handed_off(lcore_, plant_.rings, burst_);
  moved += path::sweep(lcore_);
  moved += path::deliver(lcore_);
  transmit();
  refill();
  lcore_.counters.pending.set(lcore_.flights.pending.in_flight());
  lcore_.counters.waiting.set(lcore_.flights.waiters.in_use());
  lcore_.counters.deliveries.set(lcore_.flights.deliveries.size());
  lcore_.counters.answers_kept.set(lcore_.flights.deliveries.answers_kept());
  lcore_.counters.chases.set(lcore_.flights.chases.in_use());
  lcore_.counters.shares.set(lcore_.clients.shares.in_use());
  lcore_.counters.decisions.publish();
  return moved;
}

// New rules, changed endpoints and who we are are seen at the start of a turn, never within one.
void Worker::take_rules() {
  if (const tables::LocalHost* host = plant_.host.load(std::memory_order_acquire); host->version != host_.version)
    host_ = *host;
  const tables::Ruleset* rules = plant_.rules.current();
  if (rules == nullptr) return;
  if (rules != lcore_.rules || rules->header().generation != lcore_.counters.generation.get()) {
    lcore_.rules = rules;
    lcore_.query_timeout_ns = uint64_t{rules->header().query_timeout_ms} * 1'000'000;
    lcore_.endpoints.hops.refresh(*rules, plant_.endpoints, lcore_.host.port_count, lcore_.now);
    lcore_.endpoints.filter.take(*rules);
    lcore_.counters.generation.set(rules->header().generation);
  } else if (lcore_.endpoints.hops.stale(plant_.endpoints, lcore_.now)) {
    lcore_.endpoints.hops.refresh(*rules, plant_.endpoints, lcore_.host.port_count, lcore_.now);
  }
  lcore_.control_silent = plant_.control_silent.load(std::memory_order_relaxed);
}

void Worker::transmit() {
  using config::TransmitOutcome;
  for (uint8_t port = 0; port <= lcore_.host.stream_port(); ++port) {
    state::FrameBatch& batch = lcore_.frames.egress[port];
    if (batch.size() == 0) continue;
    if (!exits_[port].own) {
      path::pass_on(lcore_, port, plant_.rings, exits_[port].owner);
      continue;
    }
    const uint16_t sent = net::send(exits_[port].queue, batch.data(), static_cast<uint16_t>(batch.size()));
    lcore_.counters.transmit[TransmitOutcome::sent].add(sent);
    lcore_.counters.transmit[TransmitOutcome::refused].add(batch.size() - sent);
    for (rte_mbuf* frame : batch.frames().subspan(sent)) path::discard(lcore_, *frame);
    batch.clear();
  }
  if (lcore_.frames.discarded.size() == 0) return;
  rte_pktmbuf_free_bulk(lcore_.frames.discarded.data(), lcore_.frames.discarded.size());
  lcore_.frames.discarded.clear();
}

// Frames for what the sweep sends and what clients that joined are told: taken between bursts, so that the path itself never
// allocates. All or none of a call's come, so that the last of the pool are asked for in halves.
void Worker::refill() {
  state::FrameBatch& fresh = lcore_.frames.fresh;
  for (unsigned wanted = state::kFresh - fresh.size(); wanted != 0; wanted /= 2) {
    if (rte_pktmbuf_alloc_bulk(&plant_.pool, fresh.data() + fresh.size(), wanted) != 0) continue;
    fresh.resize(fresh.size() + wanted);
    return;
  }
}

// Idle lcores sleep, longer the longer nothing came, and are no hindrance to a rule swap meanwhile. Soon, and never by sched_yield():
// whoever shares the processor (the kernel's receiving, the slow lane) may have what this lcore waits for, but who yields gives the rest
// of his share away. Beside one busy program each yield took 10 to 30 ms (Linux 6.18), and some hundred of them in a row were seconds.
void Worker::rest(unsigned moved) {
  constexpr unsigned kPatience = 16;  // empty turns before the first sleep
  constexpr unsigned kLongest = 100;  // us
  if (moved != 0 || plant_.idle == config::Idle::busy) {
    idle_turns_ = 0;
    if (moved == 0) rte_pause();
    return;
  }
  if (++idle_turns_ < kPatience) {
    rte_pause();
    return;
  }
  const unsigned microseconds = std::min(idle_turns_ - kPatience + 1, kLongest);
  const timespec pause{0, static_cast<long>(microseconds) * 1000};
  rte_rcu_qsbr_thread_offline(plant_.rules.qsbr(), lcore_.index);
  nanosleep(&pause, nullptr);
  rte_rcu_qsbr_thread_online(plant_.rules.qsbr(), lcore_.index);
}

Worker::Worker(Plant& plant, uint8_t number, uint32_t pending_slots, state::SourcePortBlock source_ports,
               std::span<const uint8_t, 44> seed)
    : plant_(plant),
      host_(*plant.host.load()),
      lcore_(number, pending_slots, source_ports, seed, host_, plant.shared, plant.counters.lcore[number]) {}

}  // namespace penstock
