#include "config/contract/endpoint_state.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace penstock::config::test {
namespace {

constexpr EndpointSlot kLast{kMaxEndpoints - 1};

EndpointState numbered(uint8_t number) {
  EndpointState state;
  state.address.fill(number);
  state.pool_key = number;
  state.source.fill(number);
  state.mac.fill(number);
  state.vlan = number;
  state.family = 4;
  state.port = number;
  state.reachable = 1;
  state.health = number % 2 == 0 ? Health::up : Health::down;
  return state;
}

bool equal(const EndpointState& a, const EndpointState& b) {
  return std::bit_cast<std::array<uint64_t, 8>>(a) == std::bit_cast<std::array<uint64_t, 8>>(b);
}

TEST(EndpointState, ASlotGivesBackWhatItWasGiven) {
  SharedEndpointState slot{};
  EXPECT_TRUE(equal(slot.load(), EndpointState{}));
  slot.store(numbered(7));
  EXPECT_TRUE(equal(slot.load(), numbered(7)));
}

TEST(EndpointState, TheSequenceIsEvenBetweenWritesAndTakenUpAfterAKill) {
  const auto page = std::make_unique<EndpointStatePage>();
  write_slots(*page, [&](auto& slots) {
    EXPECT_EQ(page->sequence.load() % 2, 1U);
    slots[EndpointSlot{3}].store(numbered(3));
  });
  EXPECT_EQ(page->sequence.load(), 2U);
  page->sequence = 3;  // a control that died while writing
  write_slots(*page, [](auto&) {});
  EXPECT_EQ(page->sequence.load(), 4U);
}

// A reader that saw the same even sequence before and after has seen one write's slots, all of them whole.
TEST(EndpointState, ReadersSeeWholeWrites) {
  const auto page = std::make_unique<EndpointStatePage>();
  write_slots(*page, [](auto& slots) {
    slots[EndpointSlot{0}].store(numbered(0));
    slots[kLast].store(numbered(0));
  });
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (unsigned i = 0; !done.load(); ++i) {
      write_slots(*page, [&](auto& slots) {
        slots[EndpointSlot{0}].store(numbered(static_cast<uint8_t>(i)));
        slots[kLast].store(numbered(static_cast<uint8_t>(i)));
      });
      if (i % 64 == 0) std::this_thread::yield();
    }
  });
  unsigned consistent = 0;
  for (unsigned tries = 0; consistent < 20'000 && tries < 50'000'000; ++tries) {
    const uint64_t before = page->sequence.load(std::memory_order_acquire);
    const EndpointState first = page->slots[EndpointSlot{0}].load();
    const EndpointState last = page->slots[kLast].load();
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 != 0 || page->sequence.load(std::memory_order_relaxed) != before) continue;
    ++consistent;
    ASSERT_TRUE(equal(first, last));
    ASSERT_TRUE(equal(first, numbered(static_cast<uint8_t>(first.pool_key))));
  }
  done = true;
  writer.join();
  EXPECT_EQ(consistent, 20'000U);
}

}  // namespace
}  // namespace penstock::config::test
