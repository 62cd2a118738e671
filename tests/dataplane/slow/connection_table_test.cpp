// tests/dataplane/slow/connection_table_test.cpp - who is shed for whom, and in what order connections are idle.
#include "dataplane/slow/connection_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace penstock::slow {
namespace {

constexpr uint32_t kNone = ConnectionTable::kNone;

config::IpAddress address(const char* text) {
  return config::parse_address(text).value();
}
Time at(int seconds) {
  return Time{} + std::chrono::seconds(seconds);
}

TEST(ConnectionTable, ShedsTheIdlestOfAClientThatHasItsShareAndOfAllWhenFull) {
  ConnectionTable table(4, 2);
  const auto a = address("10.0.0.1");
  const auto b = address("10.0.0.2");
  const uint32_t a1 = table.add(a, at(1));
  const uint32_t b1 = table.add(b, at(2));
  EXPECT_EQ(table.to_shed(a), kNone);
  const uint32_t a2 = table.add(a, at(3));
  EXPECT_EQ(table.to_shed(a), a1) << "its own, though there is room";
  EXPECT_EQ(table.to_shed(b), kNone);
  table.query(a1, at(4));
  table.answer(a1, at(5));
  EXPECT_EQ(table.to_shed(a), a2);
  table.add(address("10.0.0.3"), at(6));
  EXPECT_EQ(table.to_shed(address("10.0.0.4")), b1) << "the idlest of all";
  EXPECT_EQ(table.idlest(), b1);
  table.remove(b1);
  EXPECT_EQ(table.to_shed(address("10.0.0.4")), kNone);
  EXPECT_EQ(table.of_client(b), 0U);
  EXPECT_EQ(table.of_client(a), 2U);
}

TEST(ConnectionTable, ShedsOneThatWaitsForNothingFirst) {
  ConnectionTable table(3, 3);
  const auto a = address("10.0.0.1");
  const uint32_t busy = table.add(a, at(1));
  const uint32_t idle = table.add(a, at(2));
  table.add(a, at(3));
  table.query(busy, at(4));
  table.query(idle, at(5));
  table.answer(idle, at(6));
  EXPECT_EQ(table.in_flight(busy), 1U);
  table.query(2, at(7));
  EXPECT_EQ(table.to_shed(a), idle);
  table.query(idle, at(8));
  EXPECT_EQ(table.to_shed(a), busy) << "all are busy: the one that has been so the longest";
  table.forget(busy, at(9));
  EXPECT_EQ(table.to_shed(a), busy);
}

TEST(ConnectionTable, AClientOverIPv6IsAPrefixOf56) {
  ConnectionTable table(10, 1);
  table.add(address("fd00:1:2:300::1"), at(1));
  EXPECT_NE(table.to_shed(address("fd00:1:2:3ff::99")), kNone);
  EXPECT_EQ(table.to_shed(address("fd00:1:2:400::1")), kNone);
}

TEST(ConnectionTable, AnAnswerForAnEarlierConnectionOfThePlaceFindsNone) {
  ConnectionTable table(10, 10);
  const uint32_t place = table.add(address("10.0.0.1"), at(1));
  const uint16_t generation = table.generation(place);
  EXPECT_TRUE(table.is_open(place, generation));
  table.remove(place);
  EXPECT_FALSE(table.is_open(place, generation));
  EXPECT_EQ(table.add(address("10.0.0.1"), at(2)), place) << "places are used again";
  EXPECT_FALSE(table.is_open(place, generation));
  EXPECT_TRUE(table.is_open(place, table.generation(place)));
  EXPECT_FALSE(table.is_open(place + 1, 0));
}

// Against a list that is sorted anew each time.
TEST(ConnectionTable, KeepsTheOrderOverRandomTime) {
  struct Kept {
    uint32_t place;
    int last;
    int client;
    uint32_t in_flight;
  };
  constexpr uint32_t kTotal = 12;
  constexpr uint32_t kPerClient = 4;
  ConnectionTable table(kTotal, kPerClient);
  std::vector<Kept> model;
  std::mt19937 random(5);
  const auto client = [](int number) {
    config::IpAddress address = config::parse_address("10.0.0.0").value();
    address.bytes[3] = static_cast<uint8_t>(number);
    return address;
  };
  const auto expected = [&](int wanted) {
    const auto of_client =
        std::count_if(model.begin(), model.end(), [&](const Kept& one) { return one.client == wanted; });
    const bool has_share = of_client >= kPerClient;
    if (!has_share && model.size() < kTotal) return kNone;
    std::vector<Kept> those = model;
    if (has_share) std::erase_if(those, [&](const Kept& one) { return one.client != wanted; });
    std::sort(those.begin(), those.end(), [](const Kept& x, const Kept& y) { return x.last < y.last; });
    for (const Kept& one : those)
      if (one.in_flight == 0) return one.place;
    return those.front().place;
  };
  for (int now = 1; now < 20000; ++now) {
    const int who = static_cast<int>(random() % 5);
    ASSERT_EQ(table.to_shed(client(who)), expected(who)) << now;
    const unsigned what = random() % 4;
    if (what == 0) {
      for (uint32_t shed = table.to_shed(client(who)); shed != kNone; shed = table.to_shed(client(who))) {
        table.remove(shed);
        std::erase_if(model, [&](const Kept& one) { return one.place == shed; });
      }
      model.push_back({table.add(client(who), at(now)), now, who, 0});
    } else if (!model.empty()) {
      const size_t at_random = random() % model.size();
      Kept& one = model[at_random];
      one.last = now;
      if (what == 1) {
        table.query(one.place, at(now));
        ++one.in_flight;
      } else if (what == 2) {
        table.answer(one.place, at(now));
        if (one.in_flight != 0) --one.in_flight;
      } else if (random() % 4 == 0) {
        table.remove(one.place);
        model.erase(model.begin() + static_cast<ptrdiff_t>(at_random));
      } else {
        table.forget(one.place, at(now));
        one.in_flight = 0;
      }
    }
    ASSERT_EQ(table.size(), model.size());
    if (model.empty()) continue;
    const auto oldest =
        std::min_element(model.begin(), model.end(), [](const Kept& x, const Kept& y) { return x.last < y.last; });
    ASSERT_EQ(table.idlest(), oldest->place);
    ASSERT_EQ(table.last_message(oldest->place), at(oldest->last));
  }
}

}  // namespace
}  // namespace penstock::slow
