// tests/control/events/event_log_test.cpp - the first at once, then one in ten seconds, nothing forgotten.
#include "control/events/event_log.h"

#include <gtest/gtest.h>

namespace penstock::control {
namespace {

using namespace std::chrono_literals;
using config::EventKind;

config::Event event(EventKind kind, uint32_t rule) {
  config::Event made;
  made.kind = kind;
  made.rule = rule;
  return made;
}

struct EventLogTest : testing::Test {
  void add(EventKind kind, uint32_t rule, const std::string& text) { log.add(event(kind, rule), text, now); }
  std::vector<std::string> written() const {
    std::vector<std::string> texts;
    for (const WrittenEvent& one : log.last()) texts.push_back(one.text + "+" + std::to_string(one.left_out));
    return texts;
  }
  EventLog log;
  EventLog::Time now{1000s};
};

TEST_F(EventLogTest, OneOfASortInTenSeconds) {
  add(EventKind::leak, 1, "a");
  for (int i = 0; i < 5; ++i) add(EventKind::leak, 1, "b" + std::to_string(i));
  EXPECT_EQ(written(), (std::vector<std::string>{"a+0"}));
  now += 9s;
  log.flush(now);
  EXPECT_EQ(written().size(), 1U);
  now += 1s;
  log.flush(now);
  EXPECT_EQ(written(), (std::vector<std::string>{"a+0", "b4+4"})) << "a flood that ended is not forgotten";
  add(EventKind::leak, 1, "c");
  now += 10s;
  add(EventKind::leak, 1, "d");
  EXPECT_EQ(written(), (std::vector<std::string>{"a+0", "b4+4", "d+1"}));
  EXPECT_EQ(log.counts()[0], 8U);
}

TEST_F(EventLogTest, SortsAreApart) {
  add(EventKind::leak, 1, "a");
  add(EventKind::leak, 2, "b");
  add(EventKind::loop, 1, "c");
  EXPECT_EQ(written(), (std::vector<std::string>{"a+0", "b+0", "c+0"}));
}

TEST_F(EventLogTest, AQuietSortStartsAnew) {
  add(EventKind::leak, 1, "a");
  now += 11s;
  log.flush(now);
  add(EventKind::leak, 1, "b");
  EXPECT_EQ(written(), (std::vector<std::string>{"a+0", "b+0"}));
}

TEST_F(EventLogTest, BothListsAreBounded) {
  for (uint32_t rule = 0; rule < 10'000; ++rule) add(EventKind::leak, rule, "x");
  EXPECT_EQ(log.last().size(), EventLog::kKept);
  EXPECT_EQ(log.counts()[0], 10'000U);
  // All beyond the limit shared one quota: one more line when it is due.
  now += 10s;
  log.flush(now);
  EXPECT_EQ(log.last().back().left_out, 10'000 - EventLog::kMaxSorts - 2);
}

}  // namespace
}  // namespace penstock::control
