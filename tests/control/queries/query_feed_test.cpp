#include "control/queries/query_feed.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

// What a sink may take, and what it took; the test and the feed's thread share it.
struct Taker {
  std::mutex lock;
  uint64_t room = ~uint64_t{0};  // queries that it still takes
  bool is_away = false;
  uint64_t opened = 0;
  uint64_t taken = 0;
  uint64_t unsent = 0;  // taken, and they do not leave
  bool finished = false;
};

class TestSink : public QuerySink {
 public:
  explicit TestSink(Taker& taker) : taker_(taker) {}
  bool take(const config::NotedDecision&, const QueryNames&, uint64_t) override {
    const std::scoped_lock lock(taker_.lock);
    if (taker_.room == 0) return false;
    --taker_.room;
    ++taker_.taken;
    return true;
  }
  void flush() override {
    const std::scoped_lock lock(taker_.lock);
    if (taker_.is_away) throw std::runtime_error("away");
  }
  void finish() override {
    const std::scoped_lock lock(taker_.lock);
    taker_.finished = true;
  }
  uint64_t unsent() const override {
    const std::scoped_lock lock(taker_.lock);
    return taker_.unsent;
  }

 private:
  Taker& taker_;
};

struct QueryFeedTest : testing::Test {
  QueryFeedTest() { page->started_at = static_cast<uint64_t>(time(nullptr)) + 1; }
  void begin() {
    feed.use({.model = model, .generation = 1, .endpoints = {}}, outlet);
    feed.attach({page.get(), [](const config::CounterPage*) {}});
  }
  // At a pace that the feed can follow.
  void put(unsigned count) {
    for (unsigned i = 0; i < count; ++i) {
      test::put(*page, 0, ++at, noted("a.example", "10.1.0.1", i % 2 == 0 ? 2 : 0));
      if (i % 4000 == 3999) std::this_thread::sleep_for(std::chrono::milliseconds(30));
    }
  }
  void let(const std::function<void(Taker&)>& change) {
    const std::scoped_lock lock(taker.lock);
    change(taker);
  }
  bool within_ten_seconds(const std::function<bool()>& done) {
    for (unsigned i = 0; i < 1000; ++i) {
      if (done()) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  Taker taker;
  OwnedCounterPage page = new_page(1);
  std::shared_ptr<config::Model> model = std::make_shared<config::Model>();
  std::shared_ptr<QueryOutlet> outlet =
      std::make_shared<QueryOutlet>(QueryOutlet{"test", {}, [this](const std::atomic<bool>&) {
                                                  const std::scoped_lock lock(taker.lock);
                                                  ++taker.opened;
                                                  if (taker.is_away) throw std::runtime_error("away");
                                                  return std::make_unique<TestSink>(taker);
                                                }});
  uint64_t at = 0;
  QueryFeed feed;
};

TEST_F(QueryFeedTest, WhatASinkHasNoRoomForWaits) {
  let([](Taker& one) { one.room = 10; });
  put(30'000);
  begin();
  EXPECT_TRUE(within_ten_seconds([&] { return feed.sent() == 10; }));
  EXPECT_EQ(feed.lost(), 0U);
  EXPECT_EQ(feed.failure(), "");
  let([](Taker& one) { one.room = 100'000; });
  EXPECT_TRUE(within_ten_seconds([&] { return feed.sent() == 30'000; }));
  EXPECT_EQ(feed.lost(), 0U);
}

TEST_F(QueryFeedTest, WithoutASinkTheRingKeepsTheNewestAndTheRestIsCountedOneByOne) {
  outlet->choice.rcodes = {2};  // every other one
  let([](Taker& one) { one.is_away = true; });
  begin();
  put(200'000);
  EXPECT_TRUE(within_ten_seconds([&] { return feed.lost() > 0 && feed.failure() == "away"; }));
  const uint64_t lost = feed.lost();
  let([](Taker& one) { one.is_away = false; });
  EXPECT_TRUE(within_ten_seconds([&] { return feed.sent() + feed.lost() == 100'000; }))
      << feed.sent() << " sent, " << feed.lost() << " lost";
  EXPECT_EQ(feed.lost(), lost) << "what the ring had was sent";
  EXPECT_GT(feed.sent(), 20'000U);
  EXPECT_EQ(feed.failure(), "");
}

TEST_F(QueryFeedTest, WhatWasTakenAndDidNotLeaveIsLostWithItsSink) {
  let([](Taker& one) { one.unsent = 7; });
  begin();
  put(20);
  EXPECT_TRUE(within_ten_seconds([&] { return feed.sent() == 13; }));
  let([](Taker& one) { one.is_away = true; });
  EXPECT_TRUE(within_ten_seconds([&] { return feed.lost() == 7; }));
  EXPECT_EQ(feed.sent(), 13U);
}

TEST_F(QueryFeedTest, IsTriedAgainEverMoreSlowly) {
  let([](Taker& one) { one.is_away = true; });
  begin();
  EXPECT_TRUE(within_ten_seconds([&] {
    const std::scoped_lock lock(taker.lock);
    return taker.opened == 3;  // after 1 s, and after 2 s
  }));
}

TEST_F(QueryFeedTest, OtherSettingsEndASinkInPeaceAndAreTriedAtOnce) {
  begin();
  put(10);
  EXPECT_TRUE(within_ten_seconds([&] { return feed.sent() == 10; }));
  outlet = std::make_shared<QueryOutlet>(*outlet);
  begin();
  EXPECT_TRUE(within_ten_seconds([&] {
    const std::scoped_lock lock(taker.lock);
    return taker.finished && taker.opened == 2;
  }));
  outlet = nullptr;
  begin();
  put(10);
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(feed.sent() + feed.lost(), 10U) << "nothing is wanted, so nothing is lost";
}

}  // namespace
}  // namespace penstock::control::test
