// dataplane/state/lanes/frame_batch.h - a fixed-size list of frames on their way: to one port, to be freed, or fresh ones to fill.
#pragma once

#include <array>
#include <cstdint>
#include <span>

struct rte_mbuf;

namespace penstock::state {

constexpr unsigned kBurst = 32;          // frames taken from a queue or ring at once
constexpr unsigned kFresh = 2 * kBurst;  // empty frames at hand: a burst for what is due, one for clients that joined

class FrameBatch {
 public:
  // What one step of a turn can produce: a burst received, a burst from each ring side, a burst of expiries.
  static constexpr unsigned kCapacity = 8 * kBurst;

  bool push(rte_mbuf* frame) {
    if (count_ == kCapacity) return false;
    frames_[count_++] = frame;
    return true;
  }
  rte_mbuf* pop() { return count_ == 0 ? nullptr : frames_[--count_]; }
  std::span<rte_mbuf*> frames() { return {frames_.data(), count_}; }
  rte_mbuf** data() { return frames_.data(); }
  unsigned size() const { return count_; }
  void resize(unsigned count) { count_ = count; }
  void clear() { count_ = 0; }

 private:
  unsigned count_ = 0;
  std::array<rte_mbuf*, kCapacity> frames_{};
};

}  // namespace penstock::state
