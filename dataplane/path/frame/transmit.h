// dataplane/path/frame/transmit.h - last stage: a finished frame is put with those that leave by its port.
//
// Only a queue's owner sends on it. An lcore that owns a queue of the port sends its batch itself, at the end of the burst
// (worker); the others pass it over their ring to one that does.
#pragma once

#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lanes/rings.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

inline void discard(state::Lcore& lcore, rte_mbuf& frame) {
  // Never full: a burst discards at most what it received or was handed.
  lcore.frames.discarded.push(&frame);
}

inline void transmit(state::Lcore& lcore, uint8_t port, rte_mbuf& frame) {
  frame.port = port;
  if (lcore.frames.egress[port].push(&frame)) return;
  lcore.counters.transmit[config::TransmitOutcome::full].add(1);
  discard(lcore, frame);
}

// Passes the batch of a port where this lcore owns no queue to `owner`, in order.
void pass_on(state::Lcore& lcore, uint8_t port, state::Rings& rings, unsigned owner);

}  // namespace penstock::path
