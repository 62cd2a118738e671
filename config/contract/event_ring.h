// config/contract/event_ring.h - what an lcore saw that somebody should be told by name: leaks, loops, chains into private zones.
//
// Counters say how often; the last few events say who and what. One lcore writes, control reads: an event that is overwritten
// while it is read is skipped. Part of the counter page (config/contract/counters.h).
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <optional>

#include "config/contract/indices/index.h"

namespace penstock::config {

enum class EventKind : uint8_t {
  leak,        // blocked or alarmed by the leak guard
  unreadable,  // an answer for a private name that cannot be read, or for another whose chain cannot be followed
  chain_into_private,  // an answer for another name that led into a private zone
  loop,                // a query from an endpoint of the pool that it would go to
  loop_probe,          // a probe of ours came back
  over_rate,           // a client that asks more than its rate, or its group's
  withheld,            // an address of a family of which `expect` has no network
  forged,              // responses in an endpoint's name that fit no query, or one but in part
};
constexpr size_t kEventKinds = 1 + static_cast<size_t>(EventKind::forged);  // the last

// 320 bytes, moved as forty words.
struct Event {
  EventKind kind{};
  uint8_t family = 0;                            // of address; 0: there is none
  EndpointSlot endpoint_slot = kNoEndpointSlot;  // that answered, or that the query came from
  uint32_t rule = 0;  // of the rules of `generation`; loop_probe: the pool's number; over_rate:
                      // the group's, 0: none
  uint64_t generation = 0;
  std::array<uint8_t, 16>
      address{};      // leak, withheld: outside `expect`; loops: whom the query came from; forged: the endpoint's
  uint16_t type = 0;  // of the question
  uint8_t name_length = 0;
  uint8_t blocked = 0;              // 1: the client did not get the answer
  std::array<uint8_t, 255> name{};  // of the question, on the wire, folded
  std::array<uint8_t, 29> reserved{};
};
static_assert(sizeof(Event) == 320);

class EventRing {
 public:
  static constexpr uint64_t kEvents = 16;

  // The writer's. No more than the first event of a millisecond is worth its cache lines: the caller decides.
  void put(const Event& event) {
    const uint64_t number = count_.load(std::memory_order_relaxed);
    Entry& entry = entries_[number % kEvents];
    const auto raw = std::bit_cast<std::array<uint64_t, kWords>>(event);
    entry.number.store(kBeingWritten, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);
    for (size_t i = 0; i < kWords; ++i) entry.words[i].store(raw[i], std::memory_order_relaxed);
    entry.number.store(number + 1, std::memory_order_release);
    count_.store(number + 1, std::memory_order_release);
  }

  // Any reader's: events are numbered from 0, count() have been put.
  uint64_t count() const { return count_.load(std::memory_order_acquire); }
  // Nothing when it has been overwritten.
  std::optional<Event> get(uint64_t number) const {
    const Entry& entry = entries_[number % kEvents];
    if (entry.number.load(std::memory_order_acquire) != number + 1) return std::nullopt;
    std::array<uint64_t, kWords> raw;
    for (size_t i = 0; i < kWords; ++i) raw[i] = entry.words[i].load(std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_acquire);
    if (entry.number.load(std::memory_order_relaxed) != number + 1) return std::nullopt;
    return std::bit_cast<Event>(raw);
  }

 private:
  static constexpr size_t kWords = sizeof(Event) / sizeof(uint64_t);
  static constexpr uint64_t kBeingWritten = ~uint64_t{0};

  struct Entry {
    std::atomic<uint64_t> number{0};  // of its event, from 1
    std::array<std::atomic<uint64_t>, kWords> words{};
  };
  std::atomic<uint64_t> count_{0};
  std::array<Entry, kEvents> entries_{};
};

}  // namespace penstock::config
