// dataplane/state/rings.h - one ring from every thread to every other: lcores, and behind them the main thread with the door.
//
// Two kinds of frames change hands, told apart by the lowest bit of the pointer (frames are cache-line aligned): responses
// for the lcore that owns their destination port, and finished frames for the lcore that owns a queue of their port.
// rte_mbuf::port says which port a frame came in on, or is to leave by.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/state/spsc_ring.h"

struct rte_mbuf;

namespace penstock::state {

using FrameRing = SpscRing<uintptr_t, 1024>;

constexpr uintptr_t kEgressBit = 1;
inline uintptr_t received(rte_mbuf* frame) {
  return reinterpret_cast<uintptr_t>(frame);
}
inline uintptr_t for_egress(rte_mbuf* frame) {
  return reinterpret_cast<uintptr_t>(frame) | kEgressBit;
}
inline bool is_egress(uintptr_t item) {
  return (item & kEgressBit) != 0;
}
inline rte_mbuf* frame_of(uintptr_t item) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the bit is the price of one word an item
  return reinterpret_cast<rte_mbuf*>(item & ~kEgressBit);
}

class Rings {
 public:
  // `lcores` polling lcores, numbered from 0; the main thread is number `lcores`.
  explicit Rings(unsigned lcores) : threads_(lcores + 1), rings_(new FrameRing[size_t{threads_} * threads_]) {}

  FrameRing& ring(unsigned from, unsigned to) { return rings_[from * threads_ + to]; }
  unsigned main_thread() const { return threads_ - 1; }
  unsigned threads() const { return threads_; }

 private:
  unsigned threads_;
  std::unique_ptr<FrameRing[]> rings_;
};

}  // namespace penstock::state
