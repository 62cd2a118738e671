// tests/control/health/pool_turns_test.cpp - one event when a path fails, one line each when endpoints do.
#include "control/health/pool_turns.h"

#include <gtest/gtest.h>

namespace penstock::control {
namespace {

using namespace std::chrono_literals;

struct PoolTurnsTest : testing::Test {
  void turn(const char* address, bool down, const char* reason = "no answer in 500 ms, 3 times", size_t members = 2) {
    Turn made;
    made.health.id = {"vpc", *config::parse_address(address)};
    made.health.state = down ? config::Health::down : config::Health::up;
    made.health.reason = reason;
    made.health.since = std::chrono::system_clock::time_point(1000s + now.time_since_epoch());
    made.down_since = std::chrono::system_clock::time_point(1000s);
    made.line = std::string(address) + (down ? " down" : " up");
    take(turns.add(made, members, 1500ms, now));
  }
  void wait(std::chrono::milliseconds time) {
    now += time;
    take(turns.flush(now));
  }
  void take(const std::vector<PoolTurns::Line>& lines) {
    for (const auto& line : lines) told.push_back((line.is_bad ? "! " : "") + line.text);
  }
  PoolTurns turns;
  PoolTurns::Time now{10s};
  std::vector<std::string> told;
};

TEST_F(PoolTurnsTest, TogetherWithinARound) {
  turn("10.0.0.1", true);
  EXPECT_TRUE(told.empty());
  wait(1400ms);
  turn("10.0.0.2", true);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].rfind("! path to vpc: all 2 endpoints down since ", 0), 0U) << told[0];
  EXPECT_NE(told[0].find(": no answer in 500 ms, 3 times"), std::string::npos);
  wait(60s);
  told.clear();
  turn("10.0.0.2", false);
  turn("10.0.0.1", false);
  EXPECT_EQ(told, std::vector<std::string>{"path to vpc: all 2 endpoints up again, after 71 s"});
  EXPECT_EQ(turns.next(), PoolTurns::Time::max());
}

TEST_F(PoolTurnsTest, ApartIsALineEach) {
  turn("10.0.0.1", true);
  EXPECT_EQ(turns.next(), now + 1500ms);
  wait(1500ms);
  turn("10.0.0.2", true);
  wait(1500ms);
  EXPECT_EQ(told, (std::vector<std::string>{"! 10.0.0.1 down", "! 10.0.0.2 down"}));
}

TEST_F(PoolTurnsTest, DifferentReasonsAreAllTold) {
  turn("10.0.0.1", true, "SERVFAIL, 3 times");
  turn("10.0.0.2", true, "port unreachable, 3 times");
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("10.0.0.1 SERVFAIL, 3 times; 10.0.0.2 port unreachable"), std::string::npos) << told[0];
}

TEST_F(PoolTurnsTest, AFlapLosesNoLine) {
  turn("10.0.0.1", true);
  turn("10.0.0.1", false);
  wait(2s);
  EXPECT_EQ(told, (std::vector<std::string>{"! 10.0.0.1 down", "10.0.0.1 up"}));
}

TEST_F(PoolTurnsTest, ALoneEndpointWaitsForNobody) {
  turn("10.0.0.1", true, "SERVFAIL", 1);
  EXPECT_EQ(told, std::vector<std::string>{"! 10.0.0.1 down"});
}

}  // namespace
}  // namespace penstock::control
