// dataplane/capture/record_ring.h - copies of frames on their way from one lcore to the main thread, in memory that was there before.
//
// One writer pushes, one reader looks at the oldest record and takes it off. Full means the push fails and the writer counts it; nobody
// waits. A record lies in one piece: what is left at the end of the memory is skipped where it does not fit.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>

namespace penstock::capture {

enum class Direction : uint8_t { received, sent };

struct Record {
  uint64_t stamp;   // cycles of the lcores' clock
  uint32_t length;  // octets of the frame that follow
  uint32_t wire_length;
  uint8_t port;
  Direction direction;
  uint16_t reserved;
  uint32_t reserved_too;

  std::span<const uint8_t> frame() const { return {reinterpret_cast<const uint8_t*>(this + 1), length}; }
};
static_assert(sizeof(Record) == 24);

class RecordRing {
 public:
  // Octets, a power of two. All of it is touched here: no lcore waits for a page.
  explicit RecordRing(size_t capacity) : memory_(new uint64_t[capacity / sizeof(uint64_t)]()), mask_(capacity - 1) {}

  // Writer only. `record.length` octets are copied from `frame`.
  bool push(const Record& record, const uint8_t* frame) {
    const uint64_t tail = tail_.load(std::memory_order_relaxed);
    const uint64_t size = size_of(record.length);
    const uint64_t to_end = capacity() - (tail & mask_);
    const uint64_t skipped = size <= to_end ? 0 : to_end;
    if (tail + skipped + size - seen_head_ > capacity()) {
      seen_head_ = head_.load(std::memory_order_acquire);
      if (tail + skipped + size - seen_head_ > capacity()) return false;
    }
    if (skipped >= sizeof(Record)) at(tail)->length = kSkipped;
    Record* into = at(tail + skipped);
    *into = record;
    std::memcpy(into + 1, frame, record.length);
    tail_.store(tail + skipped + size, std::memory_order_release);
    return true;
  }

  // Reader only: the oldest record, until pop(); nullptr: there is none.
  const Record* front() {
    const uint64_t tail = tail_.load(std::memory_order_acquire);
    uint64_t head = head_.load(std::memory_order_relaxed);
    if (head == tail) return nullptr;
    const uint64_t to_end = capacity() - (head & mask_);
    // The writer publishes what it skips together with the record behind it.
    if (to_end < sizeof(Record) || at(head)->length == kSkipped) head += to_end;
    front_ = head;
    return at(head);
  }
  // What front() has shown.
  void pop() { head_.store(front_ + size_of(at(front_)->length), std::memory_order_release); }

  size_t capacity() const { return mask_ + 1; }

 private:
  static constexpr uint32_t kSkipped = UINT32_MAX;

  static uint64_t size_of(uint32_t length) { return sizeof(Record) + (uint64_t{length} + 7) / 8 * 8; }
  Record* at(uint64_t position) { return reinterpret_cast<Record*>(memory_.get() + (position & mask_) / 8); }

  alignas(64) std::atomic<uint64_t> head_{0};  // reader
  uint64_t front_ = 0;                         // reader
  alignas(64) std::atomic<uint64_t> tail_{0};  // writer
  uint64_t seen_head_ = 0;                     // writer's last look at head_
  alignas(64) const std::unique_ptr<uint64_t[]> memory_;
  const size_t mask_;
};

}  // namespace penstock::capture
