#include "dataplane/path/frame/transmit.h"

namespace penstock::path {

void pass_on(state::Lcore& lcore, uint8_t port, state::Rings& rings, unsigned owner) {
  using config::TransmitOutcome;
  state::FrameRing& ring = rings.ring(lcore.index, owner);
  for (rte_mbuf* frame : lcore.frames.egress[port].frames()) {
    const bool passed = ring.push(state::for_egress(frame));
    lcore.counters.transmit[passed ? TransmitOutcome::handed_off : TransmitOutcome::full].add(1);
    if (!passed) discard(lcore, *frame);
  }
  lcore.frames.egress[port].clear();
}

}  // namespace penstock::path
