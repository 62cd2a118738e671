// tests/dataplane/housekeeping/flood_police_test.cpp - who is stopped before the lcores, for how long, and who is not.
#include "dataplane/housekeeping/flood_police.h"

#include <gtest/gtest.h>

#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>

namespace penstock {
namespace {

config::IpAddress ip(const char* text) {
  return config::parse_address(text).value();
}

class FloodPoliceTest : public testing::Test {
 protected:
  FloodPoliceTest()
      : page(static_cast<config::CounterPage*>(std::aligned_alloc(64, config::counter_page_size(0))), std::free) {
    std::memset(static_cast<void*>(page.get()), 0, config::counter_page_size(0));
  }
  void turn_away(const char* client, unsigned count, uint32_t rate = 0, unsigned lcore = 0) {
    for (unsigned i = 0; i < count; ++i) lcores[lcore].note(ip(client).bytes, ip(client).family, rate, now);
  }
  void tick(uint64_t ns = FloodPolice::kPeriodNs) {
    now += ns;
    const state::TurnedAway* all[] = {&lcores[0], &lcores[1]};
    police.tick(all, generation, *page, now);
  }

  std::unique_ptr<config::CounterPage, void (*)(void*)> page;
  std::array<state::TurnedAway, 2> lcores;
  uint64_t now = uint64_t{1000} << state::TurnedAway::kWindowShift;
  uint64_t generation = 1;
  bool can_police = true;
  std::map<config::IpAddress, uint32_t> policed;
  std::map<config::IpAddress, uint64_t> dropped;
  std::set<config::IpAddress> proved;
  FloodPolice police{{
      .police =
          [this](const config::IpAddress& client, uint32_t most) {
            if (can_police) policed[client] = most;
            return can_police;
          },
      .release = [this](const config::IpAddress& client) { policed.erase(client); },
      .dropped_of = [this](const config::IpAddress& client) { return dropped[client]; },
      .is_proved = [this](const config::IpAddress& client, uint64_t) { return proved.contains(client); },
  }};
};

using Policed = std::map<config::IpAddress, uint32_t>;

TEST_F(FloodPoliceTest, AFloodIsStoppedAndLessIsNot) {
  turn_away("10.0.0.1", FloodPolice::kFlood - 1);
  tick();
  EXPECT_TRUE(policed.empty());
  turn_away("10.0.0.2", FloodPolice::kFlood, 20'000);
  tick();
  EXPECT_EQ(policed, (Policed{{ip("10.0.0.2"), FloodPolice::kPassed + 40'000}})) << "above the rate that it may have";
  EXPECT_EQ(page->policed_clients.get(), 1U);
}

TEST_F(FloodPoliceTest, WhatAllLcoresTurnAwayCountsTogether) {
  turn_away("10.0.0.1", FloodPolice::kFlood / 2, 0, 0);
  turn_away("10.0.0.1", FloodPolice::kFlood / 2, 0, 1);
  tick();
  EXPECT_EQ(policed, (Policed{{ip("10.0.0.1"), FloodPolice::kPassed}}));
}

TEST_F(FloodPoliceTest, OthersInBetweenHideNoFlood) {
  for (unsigned i = 0; i < 2 * FloodPolice::kFlood; ++i) {
    turn_away("10.0.0.1", 1);
    config::IpAddress other = ip("10.1.0.0");
    other.bytes[2] = static_cast<uint8_t>(i >> 8);
    other.bytes[3] = static_cast<uint8_t>(i);
    lcores[0].note(other.bytes, 4, 0, now);
  }
  tick();
  EXPECT_EQ(policed.size(), 1U);
  EXPECT_TRUE(policed.contains(ip("10.0.0.1")));
}

TEST_F(FloodPoliceTest, WhatCameLongAgoCountsNoMore) {
  for (unsigned window = 0; window < 8; ++window) {
    turn_away("10.0.0.1", FloodPolice::kFlood / 4);
    tick(uint64_t{1} << state::TurnedAway::kWindowShift);
  }
  EXPECT_TRUE(policed.empty());
  turn_away("10.0.0.1", FloodPolice::kFlood);
  tick(uint64_t{3} << state::TurnedAway::kWindowShift);
  EXPECT_TRUE(policed.empty());
}

TEST_F(FloodPoliceTest, AnIpv6ClientIsItsNetworkOf64Bits) {
  turn_away("2001:db8:0:1200::1", FloodPolice::kFlood / 2);
  turn_away("2001:db8:0:1200::2", FloodPolice::kFlood / 2);
  turn_away("2001:db8:0:12ff::2", FloodPolice::kFlood - 1);
  turn_away("2001:db8:1:1200::1", FloodPolice::kFlood - 1);
  tick();
  EXPECT_EQ(policed, (Policed{{ip("2001:db8:0:1200::"), FloodPolice::kPassed}}));
}

TEST_F(FloodPoliceTest, WhoIsCalmIsReleasedAndWhoIsNotIsNot) {
  turn_away("10.0.0.1", FloodPolice::kFlood);
  turn_away("10.0.0.2", FloodPolice::kFlood);
  tick();
  for (unsigned second = 0; second < 10; ++second) {
    if (second < 2) dropped[ip("10.0.0.1")] += 1000;
    dropped[ip("10.0.0.2")] += 10;
    tick(1'000'000'000);
    EXPECT_EQ(policed.contains(ip("10.0.0.1")), second < 1 + FloodPolice::kCalmSeconds) << second;
  }
  EXPECT_TRUE(policed.contains(ip("10.0.0.2")));
  EXPECT_EQ(page->policed_dropped.get(), 2100U);
}

TEST_F(FloodPoliceTest, WherePortsCannotNobodyIsSaidToBeStopped) {
  can_police = false;
  turn_away("10.0.0.1", FloodPolice::kFlood);
  tick();
  tick();
  EXPECT_EQ(page->policed_clients.get(), 0U);
}

// One source address after the other, as fast as they can be taken for a flood.
TEST_F(FloodPoliceTest, SourcesInTurnDoNotFillTheLog) {
  std::ostringstream text;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text)));
  for (unsigned i = 0; i < 200; ++i) {
    turn_away(("10.0.0." + std::to_string(i)).c_str(), FloodPolice::kFlood);
    tick();
  }
  for (unsigned second = 0; second <= FloodPolice::kCalmSeconds; ++second) tick(1'000'000'000);
  spdlog::set_default_logger(before);
  EXPECT_EQ(policed.size(), 0U);
  const std::string lines = text.str();
  EXPECT_GE(std::count(lines.begin(), lines.end(), '\n'), 2);
  EXPECT_LE(std::count(lines.begin(), lines.end(), '\n'), 20);
}

// The flood may be another's in its name. Whoever was known when it was stopped has a flood that lcores cannot bear.
TEST_F(FloodPoliceTest, WhoProvesItsAddressMeanwhileIsReleased) {
  proved.insert(ip("10.0.0.2"));
  for (const char* client : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) turn_away(client, FloodPolice::kFlood);
  tick();
  ASSERT_EQ(policed.size(), 3U);
  proved.insert(ip("10.0.0.1"));
  tick();
  EXPECT_EQ(policed.size(), 3U) << "it would be stopped again at once";
  tick(uint64_t{2} << state::TurnedAway::kWindowShift);
  EXPECT_FALSE(policed.contains(ip("10.0.0.1")));
  EXPECT_TRUE(policed.contains(ip("10.0.0.2")));
  EXPECT_TRUE(policed.contains(ip("10.0.0.3")));
  tick();
  EXPECT_FALSE(policed.contains(ip("10.0.0.1")));
  EXPECT_EQ(page->policed_clients.get(), 2U);
}

TEST_F(FloodPoliceTest, NewRulesBeginAnew) {
  turn_away("10.0.0.1", FloodPolice::kFlood);
  tick();
  ASSERT_EQ(policed.size(), 1U);
  ++generation;
  tick(uint64_t{3} << state::TurnedAway::kWindowShift);
  EXPECT_TRUE(policed.empty());
  EXPECT_EQ(page->policed_clients.get(), 0U);
}

}  // namespace
}  // namespace penstock
