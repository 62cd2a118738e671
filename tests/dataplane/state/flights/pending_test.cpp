// tests/dataplane/state/flights/pending_test.cpp - the pending table against a map and a list, over long random histories.
#include "dataplane/state/flights/pending.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <vector>

namespace penstock::state {
namespace {

std::array<uint8_t, 44> seed(uint8_t n) {
  std::array<uint8_t, 44> bytes{};
  bytes[0] = n;
  return bytes;
}

constexpr uint64_t kTick = 1 << 20;  // ns

struct Open {
  uint32_t index;
  uint64_t due;
};

class PendingModel : public testing::TestWithParam<uint32_t> {};

// Opens, closes, schedules and lets time pass at random; a map says what is open and when it is due.
// What the table holds, by a map and a list.
struct History {
  PendingTable& table;
  std::mt19937& choose;
  std::map<uint16_t, Open> by_id = {};
  std::vector<uint16_t> ids = {};

  void forget(uint16_t id) {
    by_id.erase(id);
    ids.erase(std::find(ids.begin(), ids.end(), id));
  }
  void open(Random& random, uint64_t due) {
    const uint32_t index = table.open(random);
    if (index == PendingTable::kNone) {
      // Never below the capacity, but for an unlucky draw near it.
      ASSERT_GE(by_id.size() * 10, uint64_t{table.capacity()} * 6);
      return;
    }
    const PendingSlot& slot = table.slot(index);
    ASSERT_LT(by_id.size(), table.capacity());
    ASSERT_FALSE(by_id.contains(slot.upstream_id));
    ASSERT_EQ(table.index_of(slot.upstream_id), index);
    ASSERT_EQ(slot.open, 1U);
    table.schedule(index, due);
    by_id[slot.upstream_id] = {index, due};
    ids.push_back(slot.upstream_id);
  }
  void close_or_move(uint64_t due) {
    const uint16_t id = ids[choose() % ids.size()];
    if (choose() % 3 == 0) {
      table.schedule(by_id.at(id).index, due);
      by_id.at(id).due = due;
    } else {
      table.close(by_id.at(id).index);
      ASSERT_EQ(table.slot(by_id.at(id).index).open, 0U);
      forget(id);
    }
  }
  void sweep(uint64_t now) {
    for (uint32_t index; (index = table.next_due(now)) != PendingTable::kNone;) {
      const uint16_t id = table.slot(index).upstream_id;
      ASSERT_TRUE(by_id.contains(id));
      ASSERT_LT(by_id.at(id).due / kTick, now / kTick) << "too early";
      if (choose() % 2 == 0) {
        table.close(index);
        forget(id);
      } else {
        by_id.at(id).due = now + 5 * kTick;
        table.schedule(index, by_id.at(id).due);
      }
    }
    for (const auto& [id, open] : by_id) ASSERT_GE(open.due / kTick, now / kTick) << "forgotten";
  }
};

TEST_P(PendingModel, RandomHistory) {
  const uint32_t slots = GetParam();
  PendingTable table(slots);
  Random random(seed(1));
  std::mt19937 choose(slots);
  History history{table, choose};
  uint64_t now = uint64_t{1} << 52;  // ticks wrap within the test
  ASSERT_EQ(table.next_due(now), PendingTable::kNone);
  EXPECT_EQ(table.capacity(), slots / 4 * 3);
  const unsigned steps = 40'000;
  for (unsigned step = 0; step < steps; ++step) {
    // Phases of growth and of decline, so that it is full at times and empty at others.
    const bool opens = choose() % 100 < ((step / (steps / 8)) % 2 == 0 ? 80U : 20U);
    // Most within the wheel's turn, some at once or in the past, some beyond it.
    const uint64_t due = now + choose() % 3000 * kTick - choose() % 50 * kTick;
    if (choose() % 8 == 0) table.foresee(random, choose() % 33);
    if (opens) {
      ASSERT_NO_FATAL_FAILURE(history.open(random, due)) << step;
    } else if (!history.by_id.empty()) {
      ASSERT_NO_FATAL_FAILURE(history.close_or_move(due)) << step;
    }
    if (choose() % 20 == 0) {
      now += (1 + choose() % 100) * kTick;  // what was due before it was scheduled comes a tick later
      ASSERT_NO_FATAL_FAILURE(history.sweep(now)) << step;
    }
    ASSERT_EQ(table.in_use(), history.by_id.size());
  }
}

TEST(Pending, DueInOrder) {
  PendingTable table(64);
  Random random(seed(4));
  ASSERT_EQ(table.next_due(0), PendingTable::kNone);
  std::map<uint64_t, uint32_t> at;
  for (const uint64_t tick : {5, 1, 2046, 2047, 2048, 5000, 3}) {
    const uint32_t index = table.open(random);
    table.schedule(index, tick * kTick);
    at[tick] = index;
  }
  for (const auto& [tick, index] : at) {
    EXPECT_EQ(table.next_due(tick * kTick), PendingTable::kNone);
    EXPECT_EQ(table.next_due((tick + 1) * kTick), index) << tick;
  }
}

// Hastened again and again it comes, and no later than it would have.
TEST(Pending, HasteNeverPutsOff) {
  PendingTable table(64);
  Random random(seed(5));
  ASSERT_EQ(table.next_due(0), PendingTable::kNone);
  const uint32_t index = table.open(random);
  table.schedule(index, 100 * kTick);
  table.hasten(index, 200 * kTick);
  for (uint64_t tick = 50; tick < 53; ++tick) table.hasten(index, tick * kTick);
  EXPECT_EQ(table.next_due(50 * kTick), PendingTable::kNone);
  EXPECT_EQ(table.next_due(51 * kTick), index);
  // It hangs nowhere now.
  table.hasten(index, 60 * kTick);
  EXPECT_EQ(table.next_due(61 * kTick), index);
}

TEST(Pending, ALandedQueryKeepsItsSlotAndIsNotDue) {
  PendingTable table(8);
  Random random(seed(6));
  ASSERT_EQ(table.next_due(0), PendingTable::kNone);
  const uint32_t index = table.open(random);
  table.schedule(index, kTick);
  table.land(index);
  EXPECT_EQ(table.in_use(), 1U);
  EXPECT_EQ(table.in_flight(), 0U);
  EXPECT_EQ(table.next_due(10 * kTick), PendingTable::kNone);
  for (int i = 0; i < 1000; ++i) {
    const uint32_t other = table.open(random);
    if (other == PendingTable::kNone) continue;
    ASSERT_NE(other, index);
    ASSERT_FALSE(table.slot(other).landed);
    table.close(other);
  }
  table.close(index);
  EXPECT_EQ(table.in_use(), 0U);
  EXPECT_EQ(table.in_flight(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Slots, PendingModel, testing::Values(4U, 64U, 1024U, 65536U));

TEST(Pending, FullAndUsableAgain) {
  PendingTable table(256);
  Random random(seed(2));
  std::vector<uint32_t> open;
  for (unsigned tries = 0; tries < 10'000 && table.in_use() < table.capacity(); ++tries)
    if (const uint32_t index = table.open(random); index != PendingTable::kNone) open.push_back(index);
  EXPECT_EQ(table.in_use(), 192U);
  EXPECT_EQ(std::set<uint32_t>(open.begin(), open.end()).size(), 192U);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(table.open(random), PendingTable::kNone);
  table.close(open[100]);
  uint32_t index = PendingTable::kNone;
  for (unsigned tries = 0; tries < 1000 && index == PendingTable::kNone; ++tries) index = table.open(random);
  EXPECT_NE(index, PendingTable::kNone);
}

// Ids drawn ahead are used once, and no worse when their slots were taken meanwhile or drawn twice.
TEST(Pending, ForeseenIdsAreOnlyAHint) {
  PendingTable table(8);
  Random random(seed(4));
  for (int round = 0; round < 1000; ++round) {
    table.foresee(random, 32);  // 32 ids, 8 slots
    std::set<uint32_t> open;
    for (unsigned i = 0; i < table.capacity(); ++i) {
      const uint32_t index = table.open(random);
      if (index == PendingTable::kNone) continue;
      ASSERT_TRUE(open.insert(index).second);
    }
    ASSERT_EQ(table.in_use(), open.size());
    for (const uint32_t index : open) table.close(index);
  }
}

// With fewer slots than ids the bits above the index stay random: a response must still guess 16 bits.
TEST(Pending, IdsUseAllBits) {
  PendingTable table(64);
  Random random(seed(3));
  std::set<unsigned> high_bits;
  for (int i = 0; i < 20'000; ++i) {
    const uint32_t index = table.open(random);
    high_bits.insert(table.slot(index).upstream_id >> 6);
    table.close(index);
  }
  EXPECT_EQ(high_bits.size(), 1024U);
}

}  // namespace
}  // namespace penstock::state
