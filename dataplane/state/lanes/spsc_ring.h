// dataplane/state/lanes/spsc_ring.h - a bounded ring from one lcore to one other: frames change hands on it.
//
// One writer pushes, one reader pops; full means the push fails and the caller counts it, nobody waits. DPDK's rte_ring would
// do, but its x86 code uses plain stores (false races under TSan) and ties the path's tests to librte.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace penstock::state {

template <typename T>
class SpscRing {
 public:
  // `capacity`: a power of two.
  explicit SpscRing(size_t capacity) : items_(new T[capacity]), mask_(capacity - 1) {}

  // Writer only.
  bool push(T item) {
    const size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - seen_head_ > mask_) {
      seen_head_ = head_.load(std::memory_order_acquire);
      if (tail - seen_head_ > mask_) return false;
    }
    items_[tail & mask_] = item;
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // Reader only: moves up to `count` items out, oldest first, and says how many.
  size_t pop(T* items, size_t count) {
    const size_t head = head_.load(std::memory_order_relaxed);
    const size_t available = tail_.load(std::memory_order_acquire) - head;
    const size_t taken = available < count ? available : count;
    for (size_t i = 0; i < taken; ++i) items[i] = items_[(head + i) & mask_];
    if (taken != 0) head_.store(head + taken, std::memory_order_release);
    return taken;
  }

  // Any thread; a moment old.
  size_t size() const {
    const size_t head = head_.load(std::memory_order_relaxed);
    const size_t tail = tail_.load(std::memory_order_relaxed);
    return tail - head < capacity() ? tail - head : capacity();
  }
  size_t capacity() const { return mask_ + 1; }

 private:
  alignas(64) std::atomic<size_t> head_{0};  // reader
  alignas(64) std::atomic<size_t> tail_{0};  // writer
  size_t seen_head_ = 0;                     // writer's last look at head_
  alignas(64) const std::unique_ptr<T[]> items_;
  const size_t mask_;
};

}  // namespace penstock::state
