#include "dataplane/net/tap.h"

#include <rte_errno.h>
#include <rte_malloc.h>

#ifndef RTE_ETHDEV_RXTX_CALLBACKS
#error "this DPDK is built without callbacks of queues, which penstockctl capture needs"
#endif

namespace penstock::net {

uint16_t Tap::on_received(uint16_t, uint16_t, rte_mbuf** frames, uint16_t count, uint16_t, void* shown) {
  const auto* to = static_cast<const Shown*>(shown);
  to->look(to->viewer, frames, count, true);
  return count;
}

uint16_t Tap::on_sent(uint16_t, uint16_t, rte_mbuf** frames, uint16_t count, void* shown) {
  const auto* to = static_cast<const Shown*>(shown);
  to->look(to->viewer, frames, count, false);
  return count;
}

Tap::Tap(Queue queue, Look look, void* viewer)
    : shown_(std::make_unique<Shown>(Shown{.look = look, .viewer = viewer, .queue = queue})) {
  Shown& shown = *shown_;
  shown.receive = rte_eth_add_rx_callback(queue.ethdev, queue.queue, on_received, &shown);
  shown.transmit = rte_eth_add_tx_callback(queue.ethdev, queue.queue, on_sent, &shown);
  if (shown.receive == nullptr || shown.transmit == nullptr)
    shown.fault = std::string("DPDK shows no frames of a queue: ") + rte_strerror(rte_errno);
}

void Tap::remove() {
  if (shown_->is_removed) return;
  shown_->is_removed = true;
  if (shown_->receive != nullptr)
    rte_eth_remove_rx_callback(shown_->queue.ethdev, shown_->queue.queue, shown_->receive);
  if (shown_->transmit != nullptr)
    rte_eth_remove_tx_callback(shown_->queue.ethdev, shown_->queue.queue, shown_->transmit);
}

Tap::~Tap() {
  if (!shown_) return;  // moved from
  remove();
  // DPDK leaves both to who took them off.
  rte_free(const_cast<rte_eth_rxtx_callback*>(shown_->receive));
  rte_free(const_cast<rte_eth_rxtx_callback*>(shown_->transmit));
}

}  // namespace penstock::net
