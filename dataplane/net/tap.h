// dataplane/net/tap.h - frames of a queue are shown to somebody as they come and go. Without a tap a queue costs nothing: the branch is in
// DPDK's own rte_eth_rx_burst and rte_eth_tx_burst.
#pragma once

#include <memory>
#include <string>

#include "dataplane/net/queues.h"

struct rte_eth_rxtx_callback;

namespace penstock::net {

class Tap {
 public:
  // On the lcore that owns the queue: `frames` were just received, or are about to be sent; they are not the viewer's.
  using Look = void (*)(void* viewer, rte_mbuf* const* frames, uint16_t count, bool is_received);

  // `viewer` outlives the tap. The main thread makes and removes taps while lcores poll.
  Tap(Queue queue, Look look, void* viewer);
  // Why it does not show all; empty: it does.
  const std::string& fault() const { return shown_->fault; }
  Tap(Tap&& other) noexcept = default;
  Tap& operator=(Tap&&) = delete;
  // After remove() and after every lcore has passed a quiescent state since.
  ~Tap();

  // Bursts that begin from now on are not shown.
  void remove();

 private:
  struct Shown {
    Look look;
    void* viewer;
    Queue queue;
    const rte_eth_rxtx_callback* receive = nullptr;
    const rte_eth_rxtx_callback* transmit = nullptr;
    bool is_removed = false;
    std::string fault = {};
  };
  static uint16_t on_received(uint16_t, uint16_t, rte_mbuf** frames, uint16_t count, uint16_t, void* shown);
  static uint16_t on_sent(uint16_t, uint16_t, rte_mbuf** frames, uint16_t count, void* shown);

  std::unique_ptr<Shown> shown_;
};

}  // namespace penstock::net
