// dataplane/state/lanes/rings.h - one ring from every thread to every other: lcores, and behind them the main thread with the door and
// the slow lane.
//
// Three kinds of frames change hands, told apart by the lowest bits of the pointer (frames are cache-line aligned): received ones
// for the lcore that is to handle them, finished ones for whoever owns a queue of their port, and used ones that the slow lane
// gives back: freed by a thread that can be preempted, they would stop the lcores at their pool.
// The rings of the slow lane are longer: one answer may be that of all its connections at once (they asked the same), and the slow lane
// can be preempted. What does not fit is lost, and over TCP nobody asks again.
// rte_mbuf::port says which port a frame came in on, or is to leave by.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/state/lanes/spsc_ring.h"

struct rte_mbuf;

namespace penstock::state {

using FrameRing = SpscRing<uintptr_t>;

constexpr size_t kRingFrames = 1024;
constexpr size_t kSlowRingFrames =
    8192;  // more would leave a port too few frames to receive into (net/pools/mbuf_pool.cpp)

constexpr uintptr_t kEgressBit = 1;
constexpr uintptr_t kUsedBit = 2;
inline uintptr_t received(rte_mbuf* frame) {
  return reinterpret_cast<uintptr_t>(frame);
}
inline uintptr_t for_egress(rte_mbuf* frame) {
  return reinterpret_cast<uintptr_t>(frame) | kEgressBit;
}
inline uintptr_t used(rte_mbuf* frame) {
  return reinterpret_cast<uintptr_t>(frame) | kUsedBit;
}
inline bool is_egress(uintptr_t item) {
  return (item & kEgressBit) != 0;
}
inline bool is_used(uintptr_t item) {
  return (item & kUsedBit) != 0;
}
inline rte_mbuf* frame_of(uintptr_t item) {
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the bits are the price of one word an item
  return reinterpret_cast<rte_mbuf*>(item & ~(kEgressBit | kUsedBit));
}

class Rings {
 public:
  // `lcores` polling lcores, numbered from 0; behind them the main thread and the slow lane's.
  explicit Rings(unsigned lcores) : threads_(lcores + 2) {
    for (unsigned from = 0; from < threads_; ++from)
      for (unsigned to = 0; to < threads_; ++to)
        rings_.push_back(
            std::make_unique<FrameRing>(from == slow_thread() || to == slow_thread() ? kSlowRingFrames : kRingFrames));
  }

  FrameRing& ring(unsigned from, unsigned to) { return *rings_[from * threads_ + to]; }
  unsigned main_thread() const { return threads_ - 2; }
  unsigned slow_thread() const { return threads_ - 1; }
  unsigned threads() const { return threads_; }

 private:
  unsigned threads_;
  std::vector<std::unique_ptr<FrameRing>> rings_;
};

}  // namespace penstock::state
