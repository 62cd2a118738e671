// dataplane/worker.h - one polling lcore: the life of a query, turn by turn. Start reading in worker.cpp.
#pragma once

#include <array>
#include <atomic>
#include <vector>

#include "config/contract/endpoint_state.h"
#include "config/model.h"
#include "dataplane/net/queues.h"
#include "dataplane/path/burst.h"
#include "dataplane/publish.h"
#include "dataplane/state/lcore.h"

struct rte_mempool;

namespace penstock {

// What all workers share. Only the main thread writes the flags.
struct Plant {
  Publisher& rules;
  const config::EndpointStatePage& endpoints;
  config::CounterPage& counters;
  state::Rings& rings;
  rte_mempool& pool;
  state::Shared shared;
  config::Idle idle = config::Idle::adaptive;
  std::atomic<const tables::LocalHost*> host{nullptr};
  std::atomic<bool> control_silent{true};  // until the first heartbeat
  std::atomic<bool> stop{false};
};

// How frames leave by a port: by a queue of this lcore, or over the ring to the lcore that owns one.
struct PortExit {
  bool own = false;
  net::Queue queue{};  // when own
  unsigned owner = 0;  // lcore, when not
};

class Worker {
 public:
  // Who we are is the plant's `host`, which must be there by now.
  Worker(Plant& plant, uint8_t number, uint32_t pending_slots, state::SourcePortBlock source_ports,
         std::span<const uint8_t, 44> seed);

  // At start: the queues that this lcore owns, and how frames leave by each port.
  void own(net::Queue queue) { queues_.push_back(queue); }
  void leave_by(uint8_t port, const PortExit& exit) { exits_[port] = exit; }
  std::span<const net::Queue> queues() const { return queues_; }
  const state::TurnedAway& turned_away() const { return lcore_.clients.turned_away; }

  // Polls until plant.stop.
  void run();
  // To be called once librte has waited for the lcore: whoever does sees all that run() wrote. That wait itself orders nothing
  // that a compiler, or a sanitizer, knows of.
  void join() const {
    while (!ended_.load(std::memory_order_acquire)) {
    }
  }

 private:
  unsigned turn(uint64_t now);
  unsigned take_turns();
  void take_rules();
  void transmit();
  void refill();
  void rest(unsigned moved);

  Plant& plant_;
  std::vector<net::Queue> queues_;
  std::array<PortExit, tables::LocalHost::kMaxPorts> exits_{};
  unsigned idle_turns_ = 0;
  tables::LocalHost host_;  // as the plant's was at the start of the turn: a copy, made when there is another
  state::Lcore lcore_;
  path::Burst burst_;
  std::atomic<bool> ended_{false};
};

}  // namespace penstock
