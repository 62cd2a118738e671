// config/contract/endpoint_state.h - health and next hops of endpoints: a shared page that control writes and the dataplane reads.
//
// The dataplane makes the page and hands it to control over the link, so it outlives a control that restarts. A slot
// belongs to one endpoint of one pool and keeps its key: a new control finds its slots again by it. Control writes the page
// between two increments of `sequence` (odd: being written); an lcore looks at `sequence` once a turn and copies the slots of
// its endpoints when it moved. All words are atomics with relaxed order, the sequence orders them.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>

#include "config/contract/address.h"
#include "config/contract/image.h"

namespace penstock::config {

constexpr uint64_t kEndpointStateMagic = 0x31305350454e5001ULL;

enum class Health : uint8_t { unknown, up, down };

// What becomes of the letters of a name in an endpoint's answers.
constexpr uint8_t kCaseUnknown = 0;
constexpr uint8_t kCaseRepeated = 1;  // they come back as they were asked
constexpr uint8_t kCaseChanged = 2;   // they do not, or not always

// What a slot says; 64 bytes, moved as eight words.
struct EndpointState {
  std::array<uint8_t, 16> address{};  // with family and pool_key: whose slot this is
  uint64_t pool_key = 0;              // XXH3 of the pool's name
  std::array<uint8_t, 16> source{};   // what queries to the endpoint are sent from, same family
  std::array<uint8_t, 6> mac{};       // the next hop's
  uint16_t vlan = 0;                  // tag of the next hop's network, 0: none
  uint8_t family = 0;                 // 0: a free slot
  uint8_t port = 0;                   // index of the dataplane's port towards the next hop
  uint8_t reachable = 0;              // 1: source, mac, vlan and port are valid
  Health health = Health::unknown;
  uint8_t drained = 0;
  uint8_t echoes_case = kCaseUnknown;
  uint8_t errs = 0;  // 1: down, and its probes are answered, with errors
  std::array<uint8_t, 9> reserved{};
};
static_assert(sizeof(EndpointState) == 64);

struct alignas(64) SharedEndpointState {
  std::array<std::atomic<uint64_t>, 8> words;

  void store(const EndpointState& state) {  // control only
    const auto raw = std::bit_cast<std::array<uint64_t, 8>>(state);
    for (unsigned i = 0; i < 8; ++i) words[i].store(raw[i], std::memory_order_relaxed);
  }
  EndpointState load() const {
    std::array<uint64_t, 8> raw;
    for (unsigned i = 0; i < 8; ++i) raw[i] = words[i].load(std::memory_order_relaxed);
    return std::bit_cast<EndpointState>(raw);
  }
};

struct EndpointStatePage {
  uint64_t magic;                                  // dataplane, once
  alignas(64) std::atomic<uint64_t> sequence;      // control; odd while it writes
  alignas(64) std::atomic<uint64_t> heartbeat_ns;  // control, at least twice a second; CLOCK_MONOTONIC
  IndexedArray<EndpointSlot, SharedEndpointState, kMaxEndpoints>
      slots;  // control; dataplane/housekeeping/next_hop_follower.h while it is silent
};

// Changes any number of slots as one step seen by readers: `change(page.slots)`. One writer at a time.
template <typename Change>
void write_slots(EndpointStatePage& page, Change&& change) {
  // An odd value left by a control that was killed while writing is taken up, not toggled.
  const uint64_t before = page.sequence.load(std::memory_order_relaxed) | 1;
  page.sequence.store(before, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  change(page.slots);
  page.sequence.store(before + 1, std::memory_order_release);
}

}  // namespace penstock::config
