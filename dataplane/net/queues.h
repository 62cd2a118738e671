// dataplane/net/queues.h - what polling lcores do with a queue: receive a burst, send a burst.
#pragma once

#include <cstdint>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

namespace penstock::net {

// One receive and one transmit queue of an ethdev. One lcore owns it: nobody else may receive or send on it.
struct Queue {
  uint16_t ethdev;
  uint16_t queue;
  uint8_t port;  // index into Ports::all(): several ethdevs may make one port
};
static_assert(sizeof(Queue) == 6);

// The mbufs are the caller's from here on.
inline uint16_t receive(Queue queue, rte_mbuf** mbufs, uint16_t count) {
  return rte_eth_rx_burst(queue.ethdev, queue.queue, mbufs, count);
}
// How many were taken; the rest stays the caller's, to send again or to free.
inline uint16_t send(Queue queue, rte_mbuf** mbufs, uint16_t count) {
  return rte_eth_tx_burst(queue.ethdev, queue.queue, mbufs, count);
}

}  // namespace penstock::net
