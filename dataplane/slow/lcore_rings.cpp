#include "dataplane/slow/lcore_rings.h"

#include <rte_mbuf.h>

namespace penstock::slow {

using config::SlowCounter;

LcoreRings::LcoreRings(state::Rings& rings, unsigned lcores, rte_mempool& frames, const tables::LocalHost& host,
                       config::SlowCounters& counters)
    : rings_(rings), lcores_(lcores), frames_(frames), host_(host), counters_(counters), late_(lcores) {}

bool LcoreRings::give_query(std::span<const uint8_t> message, const state::StreamPeer& peer, const Endpoints& between) {
  return give(message, peer.mac(), between, (peer.place + between.source_port) % lcores_);
}

bool LcoreRings::give_response(std::span<const uint8_t> message, const Endpoints& between) {
  const uint8_t owner = host_.owner(between.destination_port);
  if (owner == tables::LocalHost::kNobody) return false;
  return give(message, state::kEndpointMac, between, owner);
}

bool LcoreRings::give(std::span<const uint8_t> message, const state::PeerMac& peer, const Endpoints& between,
                      unsigned lcore) {
  rte_mbuf* frame = rte_pktmbuf_alloc(&frames_);
  if (frame == nullptr) {
    counters_[SlowCounter::no_frame].add(1);
    return false;
  }
  if (write_frame(*frame, message, peer, between)) {
    frame->port = host_.stream_port();
    if (rings_.ring(rings_.slow_thread(), lcore).push(state::received(frame))) return true;
    counters_[SlowCounter::ring_full].add(1);
  }
  rte_pktmbuf_free(frame);
  return false;
}

// A thread that can be preempted while it gives to a pool would hold up the lcores that share it.
void LcoreRings::give_back(rte_mbuf& frame, unsigned lcore) {
  if (frame.pool == &frames_) {
    rte_pktmbuf_free(&frame);
  } else if (!late_[lcore].empty() || !rings_.ring(rings_.slow_thread(), lcore).push(state::used(&frame))) {
    late_[lcore].push_back(&frame);
  }
}

void LcoreRings::give_back_late() {
  for (unsigned lcore = 0; lcore < lcores_; ++lcore) {
    std::deque<rte_mbuf*>& late = late_[lcore];
    while (!late.empty() && rings_.ring(rings_.slow_thread(), lcore).push(state::used(late.front()))) late.pop_front();
  }
}

}  // namespace penstock::slow
