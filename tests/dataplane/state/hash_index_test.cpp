// tests/dataplane/state/hash_index_test.cpp - the index against a multimap, with hashes that collide on purpose.
#include "dataplane/state/hash_index.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <vector>

#include "dataplane/state/question_key.h"

namespace penstock::state {
namespace {

class HashIndexModel : public testing::TestWithParam<uint32_t> {};  // how many different hashes there are

TEST_P(HashIndexModel, RandomHistory) {
  constexpr uint32_t kEntries = 256;
  HashIndex index(kEntries);
  std::mt19937 random(GetParam());
  std::map<uint32_t, uint32_t> hash_of;  // by number
  const auto draw_hash = [&] {
    const uint32_t number = random() % GetParam();
    // Neighbours, some at the table's end so that they go round, some that differ only above the mask.
    return number % 3 == 0 ? kEntries - 1 - number / 3 : number % 3 == 1 ? number << 20 : number;
  };
  for (unsigned step = 0; step < 50'000; ++step) {
    const uint32_t number = random() % (kEntries / 2);
    if (const auto known = hash_of.find(number); known != hash_of.end()) {
      index.erase(known->second, number);
      hash_of.erase(known);
    } else {
      const uint32_t hash = draw_hash();
      index.insert(hash, number);
      hash_of[number] = hash;
    }
    if (step % 50 != 0) continue;
    for (uint32_t i = 0; i < kEntries / 2; ++i) {
      const auto known = hash_of.find(i);
      const uint32_t hash = known != hash_of.end() ? known->second : draw_hash();
      std::set<uint32_t> looked_at;
      const uint32_t found = index.find(hash, [&](uint32_t candidate) {
        looked_at.insert(candidate);
        return candidate == i;
      });
      ASSERT_EQ(found, known != hash_of.end() ? i : HashIndex::kNone);
      for (const uint32_t candidate : looked_at) ASSERT_EQ(hash_of.at(candidate), hash);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Hashes, HashIndexModel, testing::Values(1U, 3U, 40U, 100'000U));

TEST(HashIndex, WhatIsNotThereIsNotErased) {
  HashIndex index(8);
  index.insert(3, 5);
  index.erase(3, 6);
  index.erase(4, 5);
  EXPECT_EQ(index.find(3, [](uint32_t) { return true; }), 5U);
}

// Neighbouring questions spread: no place of a table gets many, whatever the key.
TEST(QuestionHash, Spreads) {
  for (const uint64_t key : {uint64_t{0}, uint64_t{1} << 63, uint64_t{0x1234567890abcdef}}) {
    for (const size_t length : {1U, 3U, 7U, 12U, 16U, 40U, 250U}) {
      std::map<uint32_t, unsigned> places;
      std::set<uint32_t> hashes;
      std::vector<uint8_t> octets(length);
      const unsigned count = length == 1 ? 256 : 4096;
      for (unsigned i = 0; i < count; ++i) {
        octets[length / 2] = static_cast<uint8_t>(i);
        if (length > 1) octets[length - 1] = static_cast<uint8_t>(i >> 8);
        const uint32_t hash = hash_octets(key, octets.data(), static_cast<unsigned>(length));
        ++places[hash & 8191];
        hashes.insert(hash);
      }
      EXPECT_GE(hashes.size() + 5, count) << length;
      for (const auto& [place, hits] : places) EXPECT_LE(hits, 10U) << length;
    }
  }
}

}  // namespace
}  // namespace penstock::state
