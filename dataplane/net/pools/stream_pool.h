// dataplane/net/pools/stream_pool.h - frames for the slow lane: few and long, in memory of their own, beside the pool of the cards.
//
// A message over TCP has up to 65,535 octets and an mbuf's buffer as many, headers included: kLongest is what is left. The
// pool's memory is ordinary and counts only where it was touched. No card may be given such a frame: it has no address there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <tl/expected.hpp>

#include "dataplane/net/pools/mbuf_pool.h"

namespace penstock::net {

class StreamPool {
 public:
  static constexpr uint32_t kFrames = 1024;
  // One cache line less than 64 KiB: buffers at multiples of a power of two would all meet in the same lines of the caches.
  static constexpr uint16_t kBufferBytes = 65472;

  // After start_eal().
  static tl::expected<StreamPool, std::string> create();
  rte_mempool* get() const { return pool_.get(); }

 private:
  struct Unmap {
    void operator()(void*) const;
  };
  StreamPool(std::unique_ptr<void, Unmap> memory, PoolPointer pool)
      : memory_(std::move(memory)), pool_(std::move(pool)) {}
  std::unique_ptr<void, Unmap> memory_;
  PoolPointer pool_;
};

}  // namespace penstock::net
