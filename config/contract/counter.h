// config/contract/counter.h - a word that one thread writes and anyone reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace penstock::config {

// add() is a plain load, add, store.
class Counter {
 public:
  void add(uint64_t n) { value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed); }
  void set(uint64_t n) { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace penstock::config
