// tests/dataplane/slow/connection_table_test.cpp - who is shed for whom, and in what order connections are idle.
#include "dataplane/slow/connection_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace penstock::slow {
namespace {

constexpr uint32_t kNone = ConnectionTable::kNone;

config::IpAddress address(const char* text) {
  return config::parse_address(text).value();
}
Time at(int seconds) {
  return Time{} + std::chrono::seconds(seconds);
}

uint32_t shed(const ConnectionTable& table, const char* client) {
  return table.to_shed(address(client)).place;
}

TEST(ConnectionTable, ShedsTheIdlestOfAClientThatHasItsShareAndOfWhoeverHasMostWhenFull) {
  ConnectionTable table(4, 2);
  const auto a = address("10.0.0.1");
  const auto b = address("10.0.0.2");
  const uint32_t b1 = table.add(b, at(1));
  const uint32_t a1 = table.add(a, at(2));
  EXPECT_EQ(table.to_shed(a).place, kNone);
  const uint32_t a2 = table.add(a, at(3));
  EXPECT_EQ(table.to_shed(a).place, a1) << "its own, though there is room";
  EXPECT_TRUE(table.to_shed(a).is_own);
  EXPECT_EQ(table.to_shed(b).place, kNone);
  table.query(a1, at(4));
  table.answer(a1, at(5));
  EXPECT_EQ(table.to_shed(a).place, a2);
  table.add(address("10.0.0.3"), at(6));
  EXPECT_EQ(table.idlest(), b1);
  EXPECT_EQ(shed(table, "10.0.0.4"), a2) << "the idlest of the one with two, not of all";
  EXPECT_FALSE(table.to_shed(address("10.0.0.4")).is_own);
  table.remove(a2);
  EXPECT_EQ(shed(table, "10.0.0.4"), kNone);
  table.add(address("10.0.0.4"), at(7));
  EXPECT_EQ(shed(table, "10.0.0.5"), b1) << "of those that have equally much the idlest";
  EXPECT_EQ(table.of_client(a), 1U);
  EXPECT_EQ(table.of_client(address("10.0.0.5")), 0U);
}

TEST(ConnectionTable, ShedsOneThatWaitsForAnAnswerLast) {
  ConnectionTable table(100, 50);
  std::vector<uint32_t> places;
  for (int i = 0; i < 50; ++i) places.push_back(table.add(address("10.0.0.1"), at(i)));
  for (int i = 0; i < 49; ++i) table.query(places[static_cast<size_t>(i)], at(50 + i));
  EXPECT_EQ(table.in_flight(places[0]), 1U);
  table.touch(places[49], at(200));
  EXPECT_EQ(shed(table, "10.0.0.1"), places[49]) << "used last, and the only one without a query under way";
  table.query(places[49], at(201));
  EXPECT_EQ(shed(table, "10.0.0.1"), places[0]) << "all are busy: the one that has been so the longest";
  table.forget(places[7], at(202));
  EXPECT_EQ(shed(table, "10.0.0.1"), places[7]);
}

TEST(ConnectionTable, OfClientsWithEquallyManyOneWithoutAQueryUnderWayGivesWay) {
  ConnectionTable table(3, 3);
  const uint32_t busy = table.add(address("10.0.0.1"), at(1));
  const uint32_t idle = table.add(address("10.0.0.2"), at(2));
  table.add(address("10.0.0.3"), at(3));
  table.query(busy, at(1));
  table.touch(idle, at(4));
  table.query(2, at(5));
  EXPECT_EQ(shed(table, "10.0.0.4"), idle);
}

TEST(ConnectionTable, AHostOfANetworkDoesNotPayForItsNeighbour) {
  ConnectionTable table(100, 10);
  const uint32_t neighbour = table.add(address("fd00::50"), at(1));
  for (int i = 0; i < 10; ++i) table.add(address("fd00::2"), at(2 + i));
  EXPECT_EQ(shed(table, "fd00::2"), 1U) << "its own idlest";
  EXPECT_EQ(shed(table, "fd00::50"), kNone);
  EXPECT_EQ(shed(table, "fd00:0:0:1::1"), kNone);
  EXPECT_NE(shed(table, "fd00::2"), neighbour);
}

TEST(ConnectionTable, AddressesMadeUpInANetworkAddUpToTheNetworksAllowance) {
  ConnectionTable table(1000, 10);
  const auto made_up = [](int network, int host) {
    config::IpAddress one = address("fd00::");
    one.bytes[7] = static_cast<uint8_t>(network);
    one.bytes[15] = static_cast<uint8_t>(host);
    return one;
  };
  // In the /64 of the one who asks, two connections each, the neighbour one.
  const uint32_t neighbour = table.add(made_up(0, 255), at(0));
  for (int i = 0; i < 39; ++i) {
    ASSERT_EQ(table.to_shed(made_up(0, i / 2)).place, kNone) << i;
    table.add(made_up(0, i / 2), at(1 + i));
  }
  EXPECT_EQ(table.to_shed(made_up(0, 99)).place, 1U) << "of whoever has two, not the neighbour's only one";
  EXPECT_TRUE(table.to_shed(made_up(0, 99)).is_own);
  EXPECT_NE(table.to_shed(made_up(0, 255)).place, neighbour);
  // Another /64 of the site has what it had: until the site's allowance of 160 is used.
  int networks = 1;
  for (int i = 0; i < 120; ++i) {
    if (i % 40 == 0) ++networks;
    ASSERT_EQ(table.to_shed(made_up(networks, i % 40)).place, kNone) << i;
    table.add(made_up(networks, i % 40), at(50 + i));
  }
  EXPECT_NE(table.to_shed(made_up(77, 1)).place, kNone) << "the site";
  EXPECT_EQ(shed(table, "fd00:0:0:100::1"), kNone) << "the next site";
}

TEST(ConnectionTable, WhenFullAFloodOfMadeUpAddressesGivesWayBeforeHostsWithSeveral) {
  ConnectionTable table(200, 100);
  std::vector<uint32_t> honest;
  for (int i = 0; i < 20; ++i) honest.push_back(table.add(address("10.0.0.1"), at(i)));
  for (int i = 0; i < 180; ++i) {
    config::IpAddress one = address("fd00::");
    one.bytes[15] = static_cast<uint8_t>(i);
    table.add(one, at(100 + i));
  }
  EXPECT_EQ(shed(table, "10.0.0.2"), 20U) << "180 of a network are as 45 of a host";
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

// Against a list that is looked through each time.
struct Kept {
  uint32_t place;
  int last;
  config::IpAddress client;
  uint32_t in_flight;
};

class List {
 public:
  explicit List(std::mt19937& random) : random_(random) {}

  // Whom the table would shed for this client must be right by the list.
  void judge(const config::IpAddress& client) const;
  // Something happens, at random: a connection comes or goes, a query, an answer.
  void step(const config::IpAddress& who, int now);
  // The table as a whole is the list.
  void compare() const;

 private:
  uint32_t count(const config::IpPrefix& network) const {
    return static_cast<uint32_t>(
        std::count_if(all_.begin(), all_.end(), [&](const Kept& one) { return network.contains(one.client); }));
  }
  using Weights = std::map<config::IpPrefix, uint32_t>;
  Weights weigh() const;
  void judge_beside(const Kept& found, const Kept& one, size_t over, const Weights& weights) const;

  static constexpr uint32_t kTotal = 24;
  static constexpr uint32_t kPerClient = 3;
  static constexpr const auto& kLevels = state::kClientLevels;
  std::mt19937& random_;
  ConnectionTable table_{kTotal, kPerClient};
  std::vector<Kept> all_;
};

// What each network has, as if of one host: the most that any of it has.
List::Weights List::weigh() const {
  Weights weights;
  for (size_t level = 0; level < kLevels.size(); ++level) {
    std::map<config::IpPrefix, uint32_t> counts;
    for (const Kept& one : all_) ++counts[state::network_of(one.client, kLevels[level])];
    const uint32_t factor = state::allowance_factor(kLevels[level]);
    for (const auto& [network, count] : counts)
      weights[network] = std::max(weights[network], (count + factor - 1) / factor);
    if (level == 0) continue;
    for (const Kept& one : all_) {
      uint32_t& most = weights[state::network_of(one.client, kLevels[level])];
      most = std::max(most, weights[state::network_of(one.client, kLevels[level - 1])]);
    }
  }
  return weights;
}

void List::judge(const config::IpAddress& client) const {
  const ConnectionTable::Shed shed = table_.to_shed(client);
  size_t over = 0;
  while (over < kLevels.size() &&
         count(state::network_of(client, kLevels[over])) < state::allowance(kLevels[over], kPerClient))
    ++over;
  const bool is_own = over < kLevels.size();
  ASSERT_EQ(shed.is_own, is_own);
  if (!is_own && all_.size() < kTotal) {
    ASSERT_EQ(shed.place, kNone);
    return;
  }
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const Kept& one) { return one.place == shed.place; });
  ASSERT_NE(found, all_.end());
  if (is_own) {
    ASSERT_TRUE(state::network_of(client, kLevels[over]).contains(found->client));
  }
  const Weights weights = weigh();
  for (const Kept& one : all_) {
    if (is_own && !state::network_of(client, kLevels[over]).contains(one.client)) continue;
    ASSERT_NO_FATAL_FAILURE(judge_beside(*found, one, over, weights));
  }
}

void List::judge_beside(const Kept& found, const Kept& one, size_t over, const Weights& weights) const {
  const auto weight = [&](const config::IpAddress& of, size_t level) {
    return weights.at(state::network_of(of, kLevels[level]));
  };
  // Level by level downwards, nobody beside it has more.
  for (size_t level = over; level-- > 0;) {
    const bool is_beside =
        level + 1 == kLevels.size() || state::network_of(found.client, kLevels[level + 1]).contains(one.client);
    if (is_beside) {
      ASSERT_LE(weight(one.client, level), weight(found.client, level));
    }
  }
  if (one.client != found.client) return;
  if (found.in_flight != 0) {
    ASSERT_NE(one.in_flight, 0U) << "busy ones last";
  }
  if ((one.in_flight == 0) == (found.in_flight == 0)) {
    ASSERT_GE(one.last, found.last);
  }
}

void List::step(const config::IpAddress& who, int now) {
  const unsigned what = random_() % 5;
  if (what < 2) {
    for (uint32_t shed = table_.to_shed(who).place; shed != kNone; shed = table_.to_shed(who).place) {
      table_.remove(shed);
      std::erase_if(all_, [&](const Kept& one) { return one.place == shed; });
    }
    all_.push_back({table_.add(who, at(now)), now, who, 0});
    return;
  }
  if (all_.empty()) return;
  const size_t at_random = random_() % all_.size();
  Kept& one = all_[at_random];
  one.last = now;
  if (what == 2) {
    table_.query(one.place, at(now));
    ++one.in_flight;
  } else if (what == 3) {
    table_.answer(one.place, at(now));
    if (one.in_flight != 0) --one.in_flight;
  } else if (random_() % 4 == 0) {
    table_.remove(one.place);
    all_.erase(all_.begin() + static_cast<ptrdiff_t>(at_random));
  } else {
    table_.forget(one.place, at(now));
    one.in_flight = 0;
  }
}

void List::compare() const {
  ASSERT_EQ(table_.size(), all_.size());
  if (all_.empty()) return;
  const auto oldest =
      std::min_element(all_.begin(), all_.end(), [](const Kept& x, const Kept& y) { return x.last < y.last; });
  ASSERT_EQ(table_.idlest(), oldest->place);
  ASSERT_EQ(table_.last_message(oldest->place), at(oldest->last));
}

config::IpAddress any_client(std::mt19937& random) {
  config::IpAddress one = address(random() % 4 == 0 ? "10.0.0.0" : "fd00::");
  const bool is_v4 = one.is_v4();
  one.bytes[is_v4 ? 3 : 15] = static_cast<uint8_t>(random() % 4);
  if (!is_v4) one.bytes[7] = static_cast<uint8_t>(random() % 3);
  if (!is_v4) one.bytes[6] = static_cast<uint8_t>(random() % 2);
  return one;
}

TEST(ConnectionTable, WhoeverHasMostGivesWayOverRandomTime) {
  std::mt19937 random(5);
  List list(random);
  for (int now = 1; now < 5000; ++now) {
    const config::IpAddress who = any_client(random);
    ASSERT_NO_FATAL_FAILURE(list.judge(who)) << now;
    list.step(who, now);
    ASSERT_NO_FATAL_FAILURE(list.compare()) << now;
  }
}

}  // namespace
}  // namespace penstock::slow
