// tests/dataplane/state/pending_test.cpp - the pending table against a map and a list, over long random histories.
#include "dataplane/state/pending.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <random>
#include <set>

namespace penstock::state {
namespace {

std::array<uint8_t, 44> seed(uint8_t n) {
  std::array<uint8_t, 44> bytes{};
  bytes[0] = n;
  return bytes;
}

struct Open {
  uint32_t index;
  uint64_t sent_at;
};

class PendingModel : public testing::TestWithParam<uint32_t> {};

TEST_P(PendingModel, RandomHistory) {
  const uint32_t slots = GetParam();
  PendingTable table(slots);
  Random random(seed(1));
  std::mt19937 choose(slots);
  std::map<uint16_t, Open> by_id;
  std::list<uint16_t> in_order;  // oldest first
  EXPECT_EQ(table.capacity(), slots / 4 * 3);
  const unsigned steps = 40'000;
  for (unsigned step = 0; step < steps; ++step) {
    // Phases of growth and of decline, so that it is full at times and empty at others.
    const bool opens = choose() % 100 < ((step / (steps / 8)) % 2 == 0 ? 80U : 20U);
    if (opens) {
      const uint32_t index = table.open(random);
      if (index == PendingTable::kNone) {
        // Never below the capacity, but for an unlucky draw near it.
        ASSERT_GE(by_id.size() * 10, uint64_t{table.capacity()} * 6);
        continue;
      }
      PendingSlot& slot = table.slot(index);
      ASSERT_LT(by_id.size(), table.capacity());
      ASSERT_FALSE(by_id.contains(slot.upstream_id));
      ASSERT_EQ(table.index_of(slot.upstream_id), index);
      ASSERT_EQ(slot.open, 1U);
      slot.sent_at = step;
      by_id[slot.upstream_id] = {index, step};
      in_order.push_back(slot.upstream_id);
    } else if (!by_id.empty()) {
      // Answers come in any order, the sweep takes the oldest.
      auto chosen = in_order.begin();
      if (choose() % 4 != 0) std::advance(chosen, choose() % std::min<size_t>(in_order.size(), 64));
      table.close(by_id.at(*chosen).index);
      ASSERT_EQ(table.slot(by_id.at(*chosen).index).open, 0U);
      by_id.erase(*chosen);
      in_order.erase(chosen);
    }
    ASSERT_EQ(table.in_use(), by_id.size());
    if (in_order.empty()) {
      ASSERT_EQ(table.oldest(), PendingTable::kNone);
    } else {
      ASSERT_EQ(table.oldest(), by_id.at(in_order.front()).index);
      ASSERT_EQ(table.slot(table.oldest()).sent_at, by_id.at(in_order.front()).sent_at);
    }
  }
  // To the end in order.
  for (const uint16_t id : in_order) {
    ASSERT_EQ(table.slot(table.oldest()).upstream_id, id);
    table.close(table.oldest());
  }
  EXPECT_EQ(table.oldest(), PendingTable::kNone);
  EXPECT_EQ(table.in_use(), 0U);
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
