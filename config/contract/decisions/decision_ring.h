// config/contract/decisions/decision_ring.h - the last decisions of one lcore, with the names asked for: one writer, readers that it never
// waits for.
//
// A decision takes one slot and as many more as its name needs: two for a name of up to 64 octets. Each slot starts with its own
// number, so a reader can begin anywhere, and sees what has been overwritten under it. Part of the counter page.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <optional>
#include <tuple>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "config/contract/decisions/decision.h"

namespace penstock::config {

struct NotedDecision {
  Decision decision;
  std::array<uint8_t, 304> name;  // on the wire; decision.name_length octets, the rest is undefined
  uint64_t next = 0;              // where the one after it is read
};

class DecisionRing {
 public:
  static constexpr uint64_t kSlots = uint64_t{1} << 17;  // 64 Ki decisions with names of usual length
  static constexpr unsigned kNameReadable = std::tuple_size_v<decltype(NotedDecision::name)>;

  // The writer's: where the next decision is put together, with the values of an empty one.
  Decision& begin() { return *new (&staged_.octets[kTag + kNameInFirst]) Decision; }
  // Behind begin(). `name`: name_length octets on the wire, with kNameReadable octets of memory, whatever they hold. Readers see it after
  // publish(), which is to be called at the end of a turn.
  void put(const Decision& decision, const uint8_t* name) {
    const unsigned length = decision.name_length;
    write(kNameInFirst, name, true);
    for (unsigned at = kNameInFirst; at < length; at += kNameInSlot) write(kNameInSlot, name + at, false);
  }
  void publish() {
    if (written_ == next_.load(std::memory_order_relaxed)) return;
#ifdef __SSE2__
    _mm_sfence();  // stores past the caches keep no order
#endif
    next_.store(written_, std::memory_order_release);
  }

  // Any reader's: the number of the slot that is written next.
  uint64_t next() const {
    return next_.load(std::memory_order_acquire);
  }
  // The oldest slot that may be read now.
  uint64_t oldest() const {
    const uint64_t next = this->next();
    return next > kReadable ? next - kReadable : 0;
  }
  static constexpr uint64_t slots_of(const Decision& decision) {
    const unsigned behind = decision.name_length > kNameInFirst ? decision.name_length - kNameInFirst : 0;
    return 1 + (behind + kNameInSlot - 1) / kNameInSlot;
  }
  // The first decision from slot `from` on. Nothing: there is none yet, or it has been overwritten (`from` is older than oldest()).
  std::optional<NotedDecision> read(uint64_t from) const;

 private:
  static constexpr unsigned kTag = 4;
  static constexpr unsigned kNameInFirst = 4;
  static constexpr unsigned kNameInSlot = 64 - kTag;
  static constexpr unsigned kMostSlots = 1 + (255 - kNameInFirst + kNameInSlot - 1) / kNameInSlot;
  // Behind what the writer may be about to write.
  static constexpr uint64_t kReadable = kSlots - 2 * uint64_t{kMostSlots};

  // Plain memory: the writer has no instruction to spare, and what a reader copies counts only if it was not overwritten meanwhile.
  struct alignas(64) Slot {
    std::array<uint8_t, 64> octets;  // the tag, the rest
  };
  static_assert(kTag + kNameInFirst + sizeof(Decision) == sizeof(Slot));

  static uint32_t tag(uint64_t number, bool begins) {
    return static_cast<uint32_t>(number << 1) | (begins ? 1 : 0);
  }
  // The next slot, past the caches: nobody of this core reads it again, and 8 MiB on their way through would push out what the path needs.
  void write(unsigned length, const uint8_t* name, bool begins) {
    Slot& from = begins ? staged_ : more_;
    const uint32_t mark = tag(written_, begins);
    std::memcpy(from.octets.data(), &mark, sizeof mark);
    std::memcpy(&from.octets[kTag], name, length);
    Slot& to = slots_[written_++ % kSlots];
#ifdef __SSE2__
    for (unsigned i = 0; i < sizeof(Slot); i += sizeof(__m128i))
      _mm_stream_si128(reinterpret_cast<__m128i*>(&to.octets[i]), *reinterpret_cast<const __m128i*>(&from.octets[i]));
#else
    to = from;
#endif
  }
  std::array<uint8_t, 64> copy(uint64_t number) const {
    std::array<uint8_t, 64> octets;
    std::memcpy(octets.data(), slots_[number % kSlots].octets.data(), octets.size());
    std::atomic_thread_fence(std::memory_order_acquire);
    return octets;
  }

  std::atomic<uint64_t> next_{0};  // published
  uint64_t written_ = 0;           // the writer's alone, as the next two
  Slot staged_;
  Slot more_;
  alignas(64) std::array<Slot, kSlots> slots_;
};

inline std::optional<NotedDecision> DecisionRing::read(uint64_t from) const {
  const uint64_t end = next();
  for (from = std::max(from, oldest()); from < end; from = std::max(from + 1, oldest())) {
    const std::array<uint8_t, 64> first = copy(from);
    uint32_t mark = 0;
    std::memcpy(&mark, first.data(), sizeof mark);
    if (mark != tag(from, true)) continue;
    NotedDecision noted;
    std::memcpy(&noted.decision, &first[kTag + kNameInFirst], sizeof noted.decision);
    unsigned have = std::min<unsigned>(noted.decision.name_length, kNameInFirst);
    std::memcpy(noted.name.data(), &first[kTag], have);
    noted.next = from + 1;
    bool is_whole = true;
    while (have < noted.decision.name_length && is_whole) {
      const std::array<uint8_t, 64> more = copy(noted.next);
      std::memcpy(&mark, more.data(), sizeof mark);
      is_whole = mark == tag(noted.next, false);
      const unsigned part = std::min<unsigned>(noted.decision.name_length - have, kNameInSlot);
      std::memcpy(&noted.name[have], &more[kTag], part);
      have += part;
      ++noted.next;
    }
    if (is_whole && from >= oldest()) return noted;
  }
  return std::nullopt;
}

}  // namespace penstock::config
