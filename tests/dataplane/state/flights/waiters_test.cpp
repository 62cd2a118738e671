// tests/dataplane/state/flights/waiters_test.cpp - chains of waiting clients and answers to be delivered, against lists.
#include "dataplane/state/flights/waiters.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include "dataplane/state/flights/delivery.h"

namespace penstock::state {
namespace {

Asker asker(uint16_t id) {
  Asker asker{};
  asker.id = id;
  asker.family = 4;
  return asker;
}

TEST(Waiters, ChainsInTheOrderOfComing) {
  constexpr uint32_t kCapacity = 100;
  WaiterPool pool(kCapacity, 256);
  std::vector<PendingSlot> slots(5, PendingSlot{});
  std::vector<std::deque<uint16_t>> chains(slots.size());
  std::mt19937 random(7);
  unsigned full = 0;
  for (unsigned step = 0; step < 50'000; ++step) {
    const auto flight = static_cast<uint32_t>(random() % slots.size());
    const bool joins = random() % 100 < (step / 5000 % 2 == 0 ? 70U : 30U);
    if (joins) {
      const auto id = static_cast<uint16_t>(random() % 300);
      const uint32_t hash = id % 16;  // many share one
      const bool known = std::find(chains[flight].begin(), chains[flight].end(), id) != chains[flight].end();
      ASSERT_EQ(pool.waits(flight, asker(id), hash), known);
      if (known) continue;
      const bool was_full = pool.in_use() == kCapacity;
      Waiter* waiter = pool.join(slots[flight], flight, asker(id), hash);
      ASSERT_EQ(waiter == nullptr, was_full);
      if (was_full) {
        ++full;
        continue;
      }
      chains[flight].push_back(id);
    } else if (!chains[flight].empty()) {
      ASSERT_EQ(pool.first(slots[flight]).asker.id, chains[flight].front());
      ASSERT_EQ(pool.leave(slots[flight]).asker.id, chains[flight].front());
      chains[flight].pop_front();
    }
    size_t waiting = 0;
    for (size_t i = 0; i < slots.size(); ++i) {
      ASSERT_EQ(slots[i].waiters, chains[i].size());
      waiting += chains[i].size();
    }
    ASSERT_EQ(pool.in_use(), waiting);
  }
  EXPECT_GT(full, 100U);
  EXPECT_EQ(pool.capacity(), kCapacity);
}

TEST(Delivery, AnswersKeepTheirPlacesUntilTheyArePopped) {
  DeliveryQueue queue(512);
  std::mt19937 random(3);
  std::deque<std::pair<uint32_t, std::vector<uint8_t>>> expected;
  unsigned without = 0;
  for (uint32_t step = 0; step < 20'000; ++step) {
    const bool grows = step / 1000 % 2 == 0;
    if (expected.size() < 512 && random() % 10 < (grows ? 8U : 2U)) {
      std::vector<uint8_t> message(12 + random() % 2000);
      for (uint8_t& octet : message) octet = static_cast<uint8_t>(random());
      const uint16_t place = queue.keep(message, {}, 0);
      if (place == DeliveryQueue::kNoAnswer) {
        ++without;
        message.clear();
      }
      queue.push({.flight = step, .answer = place, .error = dns::ExtendedError::other});
      expected.emplace_back(step, std::move(message));
    } else if (!expected.empty()) {
      const Delivery& front = queue.front();
      ASSERT_EQ(front.flight, expected.front().first);
      const std::vector<uint8_t>& message = expected.front().second;
      ASSERT_EQ(front.answer == DeliveryQueue::kNoAnswer, message.empty());
      if (!message.empty()) {
        const DeliveryQueue::Answer& answer = queue.answer(front.answer);
        ASSERT_EQ(answer.length, message.size());
        const size_t kept = std::min<size_t>(message.size(), DeliveryQueue::kLongest);
        ASSERT_TRUE(
            std::equal(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(kept), answer.octets.begin()));
      }
      queue.pop();
      expected.pop_front();
    }
    ASSERT_EQ(queue.size(), expected.size());
    ASSERT_EQ(queue.empty(), expected.empty());
  }
  EXPECT_GT(without, 100U);
}

}  // namespace
}  // namespace penstock::state
