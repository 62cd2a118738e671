// dataplane/slow/lcore_rings.h - the slow lane's side of the rings: messages become frames for lcores, frames are given back.
#pragma once

#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include "config/contract/slow_counters.h"
#include "dataplane/slow/frame.h"
#include "dataplane/state/lanes/rings.h"
#include "dataplane/tables/local_host.h"

struct rte_mempool;

namespace penstock::slow {

class LcoreRings {
 public:
  LcoreRings(state::Rings& rings, unsigned lcores, rte_mempool& frames, const tables::LocalHost& host,
             config::SlowCounters& counters);

  // A client's query, to an lcore that its peer is always dealt. False: there is no frame or no room now, try again soon.
  bool give_query(std::span<const uint8_t> message, const state::StreamPeer& peer, const Endpoints& between);
  // An endpoint's response, to the lcore that its destination port belongs to. False: it is lost, as one on a wire would be.
  bool give_response(std::span<const uint8_t> message, const Endpoints& between);

  // What lcores sent by the stream port: `handle(const Outgoing&)` for each frame, which is given back then. How many there were.
  template <typename Handle>
  size_t take(Handle&& handle) {
    size_t taken = 0;
    std::array<uintptr_t, 64> items;
    for (unsigned lcore = 0; lcore < lcores_; ++lcore) {
      const size_t count = rings_.ring(lcore, rings_.slow_thread()).pop(items.data(), items.size());
      for (size_t i = 0; i < count; ++i) {
        rte_mbuf* frame = state::frame_of(items[i]);
        if (Outgoing outgoing; read_frame(*frame, outgoing)) handle(outgoing);
        give_back(*frame, lcore);
      }
      taken += count;
    }
    give_back_late();
    return taken;
  }

 private:
  bool give(std::span<const uint8_t> message, const state::PeerMac& peer, const Endpoints& between, unsigned lcore);
  void give_back(rte_mbuf& frame, unsigned lcore);
  void give_back_late();

  state::Rings& rings_;
  unsigned lcores_;
  rte_mempool& frames_;
  const tables::LocalHost& host_;
  config::SlowCounters& counters_;
  std::vector<std::deque<rte_mbuf*>> late_;  // frames of the cards' pool that an lcore's ring had no room for
};

}  // namespace penstock::slow
