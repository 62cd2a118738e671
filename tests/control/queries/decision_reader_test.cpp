#include "control/queries/decision_reader.h"

#include <gtest/gtest.h>

#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

std::vector<uint64_t> times(const DecisionBatch& batch) {
  std::vector<uint64_t> all;
  for (const auto& noted : batch.decisions) all.push_back(noted.decision.at);
  return all;
}

TEST(DecisionReader, BringsTheLcoresTogetherByTime) {
  const OwnedCounterPage page = new_page(2);
  for (const uint64_t at : {10U, 30U, 50U}) put(*page, 0, at, noted("a.example", "10.0.0.1"));
  for (const uint64_t at : {20U, 40U}) put(*page, 1, at, noted("b.example", "10.0.0.1"));
  const DecisionBatch batch = read_decisions(*page, oldest(*page), 100);
  EXPECT_EQ(times(batch), (std::vector<uint64_t>{10, 20, 30, 40, 50}));
  EXPECT_FALSE(batch.more);
  EXPECT_EQ(batch.missed_slots, 0U);
  EXPECT_EQ(batch.next, newest(*page));
}

TEST(DecisionReader, GoesOnWhereItWas) {
  const OwnedCounterPage page = new_page(1);
  put(*page, 0, 1, noted("a.example", "10.0.0.1"));
  DecisionCursor cursor = newest(*page);
  EXPECT_TRUE(read_decisions(*page, cursor, 10).decisions.empty());
  for (uint64_t at = 2; at < 7; ++at) put(*page, 0, at, noted("a.example", "10.0.0.1"));
  std::vector<uint64_t> all;
  for (unsigned turn = 0; turn < 3; ++turn) {
    const DecisionBatch batch = read_decisions(*page, cursor, 2);
    EXPECT_EQ(batch.more, turn < 2);
    cursor = batch.next;
    for (const uint64_t at : times(batch)) all.push_back(at);
  }
  EXPECT_EQ(all, (std::vector<uint64_t>{2, 3, 4, 5, 6}));
}

TEST(DecisionReader, SaysWhatItMissed) {
  const OwnedCounterPage page = new_page(1);
  put(*page, 0, 1, noted("a.example", "10.0.0.1"));
  const DecisionCursor cursor = newest(*page);
  for (uint64_t at = 0; at < config::DecisionRing::kSlots; ++at) put(*page, 0, at, noted("a.example", "10.0.0.1"));
  const DecisionBatch batch = read_decisions(*page, cursor, 10);
  EXPECT_EQ(batch.decisions.size(), 10U);
  EXPECT_GT(batch.missed_slots, config::DecisionRing::kSlots);
}

TEST(DecisionReader, ACursorOfAnotherDataplaneOrAMadeUpOneDoesNoHarm) {
  const OwnedCounterPage page = new_page(1);
  for (uint64_t at = 1; at < 4; ++at) put(*page, 0, at, noted("a.example", "10.0.0.1"));
  DecisionCursor cursor = newest(*page);
  ++cursor.dataplane_started_at;
  EXPECT_EQ(read_decisions(*page, cursor, 10).decisions.size(), 3U) << "of another one: all that this one has";
  cursor = newest(*page);
  cursor.slots[0] = ~uint64_t{0};
  EXPECT_TRUE(read_decisions(*page, cursor, 10).decisions.empty());
  EXPECT_EQ(read_decisions(*page, cursor, 10).next, newest(*page));
  cursor.slots.assign(7, 0);
  EXPECT_EQ(read_decisions(*page, cursor, 10).decisions.size(), 3U);
}

}  // namespace
}  // namespace penstock::control::test
