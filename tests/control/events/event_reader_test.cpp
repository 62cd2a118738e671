// tests/control/events/event_reader_test.cpp - every event once, whatever restarts; what is overwritten is counted.
#include "control/events/event_reader.h"

#include <gtest/gtest.h>

#include "tests/control/admin/fake_operations.h"

namespace penstock::control {
namespace {

constexpr uint64_t kStart = 1000;

struct EventReaderTest : testing::Test {
  void put(uint32_t rule) {
    config::Event event;
    event.rule = rule;
    page->lcore[0].events.put(event);
  }
  std::vector<uint32_t> read() {
    std::vector<uint32_t> rules;
    for (const config::Event& event : reader.read()) rules.push_back(event.rule);
    return rules;
  }
  std::shared_ptr<config::CounterPage> page = new_counter_page();
  EventReader reader{kStart};
};

TEST_F(EventReaderTest, OfANewerDataplaneAll) {
  page->started_at = kStart + 5;
  put(1);
  reader.attach(page);
  put(2);
  EXPECT_EQ(read(), (std::vector<uint32_t>{1, 2}));
  EXPECT_TRUE(read().empty());
  reader.detach();
  put(3);
  EXPECT_TRUE(read().empty());
  reader.attach(page);
  EXPECT_EQ(read(), std::vector<uint32_t>{3}) << "a new connection to the same dataplane";
}

TEST_F(EventReaderTest, OfAnOlderDataplaneOnlyWhatComes) {
  page->started_at = kStart - 5;
  put(1);
  reader.attach(page);
  EXPECT_TRUE(read().empty());
  put(2);
  EXPECT_EQ(read(), std::vector<uint32_t>{2});
}

TEST_F(EventReaderTest, CountsWhatWasOverwritten) {
  page->started_at = kStart + 5;
  reader.attach(page);
  for (uint32_t i = 0; i < 40; ++i) put(i);
  const auto rules = read();
  ASSERT_EQ(rules.size(), config::EventRing::kEvents);
  EXPECT_EQ(rules.front(), 24U);
  EXPECT_EQ(rules.back(), 39U);
  EXPECT_EQ(reader.missed(), 24U);
}

}  // namespace
}  // namespace penstock::control
