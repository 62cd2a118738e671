// tests/dataplane/state/lanes/spsc_ring_test.cpp - the ring between two lcores: order, fullness, and two threads at once.
#include "dataplane/state/lanes/spsc_ring.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "dataplane/state/lanes/rings.h"

namespace penstock::state {
namespace {

TEST(SpscRing, FullEmptyAndAroundItsEnd) {
  SpscRing<int> ring(8);
  int items[8];
  EXPECT_EQ(ring.pop(items, 8), 0U);
  int next_in = 0;
  int next_out = 0;
  for (const unsigned count : {8U, 1U, 5U, 8U, 3U, 7U, 8U, 8U}) {
    for (unsigned i = 0; i < count; ++i) ASSERT_TRUE(ring.push(next_in++));
    EXPECT_EQ(ring.size(), count);
    if (count == 8) {
      EXPECT_FALSE(ring.push(-1));
    }
    // In two steps: not all of what is there.
    unsigned taken = static_cast<unsigned>(ring.pop(items, count / 2));
    EXPECT_EQ(taken, count / 2);
    for (unsigned i = 0; i < taken; ++i) EXPECT_EQ(items[i], next_out++);
    taken = static_cast<unsigned>(ring.pop(items, 8));
    EXPECT_EQ(taken, count - count / 2);
    for (unsigned i = 0; i < taken; ++i) EXPECT_EQ(items[i], next_out++);
  }
  EXPECT_EQ(ring.pop(items, 8), 0U);
}

// What the item points at is written before the push and read after the pop, with nothing else between: TSan judges.
TEST(SpscRing, TwoThreads) {
  constexpr size_t kItems = 200'000;
  const auto ring = std::make_unique<SpscRing<uint64_t*>>(64);
  const auto cells = std::make_unique<uint64_t[]>(256);
  uint64_t full = 0;
  std::thread writer([&] {
    for (uint64_t i = 0; i < kItems; ++i) {
      // 256 cells are more than the ring and one burst hold, so a cell is free again when its turn comes.
      uint64_t* cell = &cells[i % 256];
      *cell = i;
      while (!ring->push(cell)) {
        ++full;
        std::this_thread::yield();
      }
    }
  });
  uint64_t expected = 0;
  bool in_order = true;
  while (expected < kItems) {
    uint64_t* taken[32];
    const size_t count = ring->pop(taken, 32);
    for (size_t i = 0; i < count; ++i) in_order = in_order && *taken[i] == expected++;
    if (count == 0) std::this_thread::yield();
  }
  writer.join();
  EXPECT_TRUE(in_order);
}

TEST(Rings, OneForEachPairOfThreads) {
  Rings rings(3);
  EXPECT_EQ(rings.threads(), 5U);
  EXPECT_EQ(rings.main_thread(), 3U);
  EXPECT_EQ(rings.slow_thread(), 4U);
  for (uintptr_t from = 0; from < 5; ++from)
    for (uintptr_t to = 0; to < 5; ++to)
      rings.ring(static_cast<unsigned>(from), static_cast<unsigned>(to)).push((from * 5 + to + 1) * 64);
  for (uintptr_t from = 0; from < 5; ++from) {
    for (uintptr_t to = 0; to < 5; ++to) {
      uintptr_t items[2];
      ASSERT_EQ(rings.ring(static_cast<unsigned>(from), static_cast<unsigned>(to)).pop(items, 2), 1U);
      EXPECT_EQ(items[0], (from * 5 + to + 1) * 64);
    }
  }
}

// Thousands of connections that asked the same hear the answer at once, and the slow lane may not be let run meanwhile.
TEST(Rings, TheSlowLaneHasLongerOnes) {
  Rings rings(2);
  for (unsigned lcore = 0; lcore < 2; ++lcore) {
    for (unsigned i = 0; i < 8'000; ++i) {
      ASSERT_TRUE(rings.ring(lcore, rings.slow_thread()).push(64));
      ASSERT_TRUE(rings.ring(rings.slow_thread(), lcore).push(64));
    }
  }
  EXPECT_EQ(rings.ring(0, 1).capacity(), kRingFrames);
}

TEST(Rings, TheKindOfAFrameRidesInItsPointer) {
  auto* frame = reinterpret_cast<rte_mbuf*>(uintptr_t{0x7f0000001000});
  EXPECT_FALSE(is_egress(received(frame)));
  EXPECT_TRUE(is_egress(for_egress(frame)));
  EXPECT_EQ(frame_of(received(frame)), frame);
  EXPECT_EQ(frame_of(for_egress(frame)), frame);
  EXPECT_FALSE(is_used(received(frame)) || is_used(for_egress(frame)));
  EXPECT_TRUE(is_used(used(frame)));
  EXPECT_EQ(frame_of(used(frame)), frame);
}

}  // namespace
}  // namespace penstock::state
