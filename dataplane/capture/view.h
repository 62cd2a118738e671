// dataplane/capture/view.h - what an lcore does for a capture with the frames of one port: it copies those that are wanted.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>

#include "dataplane/capture/frame_filter.h"

struct rte_mbuf;

namespace penstock::capture {

class View {
 public:
  // All outlive it. `host`: the plant's, which an lcore may read during a turn. `ring` is this lcore's.
  View(const FrameFilter& filter, const std::atomic<const tables::LocalHost*>& host, RecordRing& ring, uint8_t port)
      : filter_(filter), host_(host), ring_(ring), port_(port) {}

  // The lcore that polls the port's queue: frames just received, or about to be sent.
  void look(std::span<rte_mbuf* const> frames, Direction direction);

  // Any thread; a moment old.
  uint64_t matched() const { return matched_.load(std::memory_order_relaxed); }
  uint64_t lost() const { return lost_.load(std::memory_order_relaxed); }  // of these, for want of room in the ring
  uint8_t port() const { return port_; }

 private:
  const FrameFilter& filter_;
  const std::atomic<const tables::LocalHost*>& host_;
  RecordRing& ring_;
  const uint8_t port_;
  std::atomic<uint64_t> matched_{0};  // the lcore's
  std::atomic<uint64_t> lost_{0};     // the lcore's
};

}  // namespace penstock::capture
