#include "config/contract/decisions/decision_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace penstock::config::test {
namespace {

// A name of `length` octets: one label of 'a' + `mark` after another.
std::vector<uint8_t> name_of(size_t length, uint8_t mark) {
  std::vector<uint8_t> name;
  while (name.size() + 1 < length) {
    const size_t label = std::min<size_t>(63, length - name.size() - 2);
    name.push_back(static_cast<uint8_t>(label));
    name.insert(name.end(), label, static_cast<uint8_t>('a' + mark % 26));
  }
  name.push_back(0);
  return name;
}

Decision decision_of(uint32_t number, size_t name_length) {
  Decision decision;
  decision.at = number;
  decision.took_us = number * 3;
  decision.client = {10, 1, 2, 3};
  decision.rule = 7;
  decision.rcode = 3;
  decision.outcome = 5;
  decision.name_length = static_cast<uint8_t>(name_length);
  return decision;
}

void put(DecisionRing& ring, uint32_t number, size_t name_length) {
  auto name = name_length == 0 ? std::vector<uint8_t>() : name_of(name_length, static_cast<uint8_t>(number));
  name.resize(DecisionRing::kNameReadable, 0xee);
  Decision& decision = ring.begin();
  decision = decision_of(number, name_length);
  ring.put(decision, name.data());
  ring.publish();
}

// Everything that `noted` says is of `number`.
void expect_of(const NotedDecision& noted, uint32_t number, size_t name_length) {
  EXPECT_EQ(noted.decision.at, number);
  EXPECT_EQ(noted.decision.took_us, number * 3);
  EXPECT_EQ(noted.decision.client, (std::array<uint8_t, 16>{10, 1, 2, 3}));
  EXPECT_EQ(noted.decision.rule, 7);
  EXPECT_EQ(noted.decision.rcode, 3);
  EXPECT_EQ(noted.decision.outcome, 5);
  ASSERT_EQ(noted.decision.name_length, name_length);
  if (name_length == 0) return;
  const std::vector<uint8_t> name(noted.name.begin(), noted.name.begin() + static_cast<std::ptrdiff_t>(name_length));
  EXPECT_EQ(name, name_of(name_length, static_cast<uint8_t>(number)));
}

TEST(DecisionRing, GivesBackEachDecisionWithItsWholeName) {
  const auto ring = std::make_unique<DecisionRing>();
  EXPECT_FALSE(ring->read(0));
  const size_t lengths[] = {0, 1, 3, 4, 5, 63, 64, 65, 124, 125, 200, 244, 245, 255};
  uint32_t number = 0;
  for (const size_t length : lengths) put(*ring, number++, length);
  uint64_t at = ring->oldest();
  number = 0;
  for (const size_t length : lengths) {
    SCOPED_TRACE(length);
    const auto noted = ring->read(at);
    ASSERT_TRUE(noted);
    expect_of(*noted, number++, length);
    at = noted->next;
  }
  EXPECT_FALSE(ring->read(at));
  EXPECT_EQ(at, ring->next());
}

TEST(DecisionRing, AReaderMayBeginAtAnySlot) {
  const auto ring = std::make_unique<DecisionRing>();
  for (uint32_t number = 0; number < 4; ++number) put(*ring, number, 250);  // six slots each
  for (uint64_t from = 1; from <= 6; ++from) {
    const auto noted = ring->read(from);
    ASSERT_TRUE(noted);
    expect_of(*noted, 1, 250);
  }
}

TEST(DecisionRing, KeepsAtLeast64KiDecisionsOfNamesUpTo64Octets) {
  const auto ring = std::make_unique<DecisionRing>();
  constexpr uint32_t kPut = 200'000;
  for (uint32_t number = 0; number < kPut; ++number) put(*ring, number, 64);
  uint32_t expected = kPut - 65'000;  // some at the old end are about to be written over
  uint32_t seen = 0;
  for (uint64_t at = ring->oldest();; ++seen) {
    const auto noted = ring->read(at);
    if (!noted) break;
    if (seen == 0) {
      EXPECT_LE(noted->decision.at, expected);
      expected = static_cast<uint32_t>(noted->decision.at);
    }
    expect_of(*noted, expected++, 64);
    at = noted->next;
  }
  EXPECT_EQ(expected, kPut);
  EXPECT_GE(seen, 65'000U);
}

TEST(DecisionRing, ANameThatLooksLikeASlotsBeginIsNotTakenForOne) {
  const auto ring = std::make_unique<DecisionRing>();
  std::vector<uint8_t> name(DecisionRing::kNameReadable);
  for (size_t i = 0; i + 4 <= name.size(); i += 4) name[i] = 3;  // the tag of slot 1, were it one
  Decision& decision = ring->begin();
  decision = decision_of(0, 255);
  ring->put(decision, name.data());
  ring->publish();
  put(*ring, 1, 5);
  const auto noted = ring->read(1);
  ASSERT_TRUE(noted);
  expect_of(*noted, 1, 5);
}

// What a reader gets while it is overtaken again and again is whole.
TEST(DecisionRing, AReaderNeverSeesHalfOfTwoDecisions) {
  const auto ring = std::make_unique<DecisionRing>();
  std::atomic<bool> stop{false};
  std::thread writer([&] {
    for (uint32_t number = 0; !stop.load(std::memory_order_relaxed); ++number) put(*ring, number, 1 + number % 255);
  });
  uint64_t at = 0;
  uint64_t last = 0;
  for (unsigned read = 0; read < 20'000;) {
    const auto noted = ring->read(at);
    if (!noted) continue;
    const auto number = static_cast<uint32_t>(noted->decision.at);
    EXPECT_GE(number, last);
    last = number;
    expect_of(*noted, number, 1 + number % 255);
    at = noted->next;
    if (++read % 100 == 0) {
      at = ring->oldest();
      last = 0;
    }
  }
  stop = true;
  writer.join();
}

}  // namespace
}  // namespace penstock::config::test
