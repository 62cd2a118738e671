#include "control/queries/query_log.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>

#include "tests/control/queries/samples.h"

namespace penstock::control::test {
namespace {

// What the thread has written; it is the log's alone until a test looks.
struct Written {
  std::mutex lock;
  std::vector<std::string> lines;
  bool is_broken = false;
  size_t opened = 0;
};
Written written;

class MemorySink : public QueryLogSink {
 public:
  void write(const std::string& line) override {
    const std::scoped_lock lock(written.lock);
    if (written.is_broken) throw std::runtime_error("no space left on device");
    written.lines.push_back(line);
  }
  void flush() override {}
};

std::unique_ptr<QueryLogSink> open_memory(const config::QueryLog&) {
  const std::scoped_lock lock(written.lock);
  ++written.opened;
  if (written.is_broken) throw std::runtime_error("no space left on device");
  return std::make_unique<MemorySink>();
}

bool within_five_seconds(const std::function<bool()>& done) {
  for (unsigned i = 0; i < 500; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

struct QueryLogTest : testing::Test {
  QueryLogTest() {
    const std::scoped_lock lock(written.lock);
    written.lines.clear();
    written.is_broken = false;
    written.opened = 0;
    page->started_at = static_cast<uint64_t>(time(nullptr)) + 1;
    model->query_log.to = "memory";
    model->clients.groups.resize(2);
    model->clients.groups[0].prefixes = {*config::parse_prefix("10.0.0.0/8")};
    model->clients.groups[1].prefixes = {*config::parse_prefix("10.1.0.0/16")};
    model->pools.resize(2);
    model->rules.resize(2);
    model->rules[0].action = config::Action::forward;
    model->rules[0].pool = 0;
    model->rules[0].origin = "zones[0]";
    model->rules[1].action = config::Action::forward;
    model->rules[1].pool = 1;
    model->rules[1].origin = "default";
  }
  void begin() {
    log.use({.model = std::make_shared<config::Model>(*model), .generation = 7, .endpoints = {}});
    log.attach({page.get(), [](const config::CounterPage*) {}});
  }
  void put(const std::string& name, const std::string& client, uint8_t rcode = 0, uint16_t rule = 0) {
    config::NotedDecision made = noted(name, client, rcode);
    made.decision.rule = rule;
    made.decision.generation = 7;
    test::put(*page, 0, ++at, made);
  }
  std::vector<std::string> lines() {
    const std::scoped_lock lock(written.lock);
    return written.lines;
  }
  bool are_written(size_t count) {
    return within_five_seconds([&] { return lines().size() >= count; });
  }

  OwnedCounterPage page = new_page(1);
  std::shared_ptr<config::Model> model = std::make_shared<config::Model>();
  uint64_t at = 0;
  QueryLog log{open_memory};
};

TEST_F(QueryLogTest, WritesALineOfEachQuery) {
  put("before.example", "10.1.0.1");  // the dataplane started after us: nothing of it is left out
  begin();
  for (unsigned i = 0; i < 20'000; ++i) put("a" + std::to_string(i) + ".example", "10.1.0.1");
  ASSERT_TRUE(are_written(20'001));
  EXPECT_NE(lines().front().find("\"name\":\"before.example\""), std::string::npos);
  EXPECT_NE(lines().back().find("\"name\":\"a19999.example\""), std::string::npos);
  EXPECT_NE(lines().back().find("\"rule\":\"zones[0]\""), std::string::npos);
  EXPECT_EQ(log.written(), 20'001U);
  EXPECT_EQ(log.lost(), 0U);
}

TEST_F(QueryLogTest, OnlyWhatIsWanted) {
  model->query_log.choice.rcodes = {2, config::kNotAnswered};
  model->query_log.choice.pools = {1};
  model->query_log.choice.clients = {0};
  model->query_log.as_json = false;
  put("other-rcode.example", "10.2.0.1", 0, 1);
  put("other-pool.example", "10.2.0.1", 2, 0);
  put("other-group.example", "10.1.0.1", 2, 1);  // its longest prefix is the second group's
  put("no-group.example", "192.168.0.1", 2, 1);
  put("wanted.example", "10.2.0.1", 2, 1);
  put("unanswered.example", "10.2.0.1", config::kNotAnswered, 1);
  begin();
  ASSERT_TRUE(are_written(2));
  EXPECT_NE(lines()[0].find("  wanted.example A  SERVFAIL  "), std::string::npos) << lines()[0];
  EXPECT_NE(lines()[1].find("  unanswered.example A  no answer  "), std::string::npos) << lines()[1];
  EXPECT_EQ(log.written(), 2U);
}

TEST_F(QueryLogTest, OneOfSoMany) {
  model->query_log.choice.sample = 10;
  for (unsigned i = 0; i < 1000; ++i) put("a.example", "10.1.0.1");
  begin();
  ASSERT_TRUE(are_written(100));
  EXPECT_EQ(log.written(), 100U);
}

TEST_F(QueryLogTest, AnOlderDataplanesPastIsNotLoggedAgain) {
  page->started_at = 1000;
  put("long-ago.example", "10.1.0.1");
  begin();
  ASSERT_TRUE(within_five_seconds([&] {
    put("now.example", "10.1.0.1");
    return !lines().empty();
  }));
  EXPECT_NE(lines().front().find("now.example"), std::string::npos);
}

TEST_F(QueryLogTest, ABrokenSinkIsSaidAndCountedAndNothingWaits) {
  {
    const std::scoped_lock lock(written.lock);
    written.is_broken = true;
  }
  begin();
  EXPECT_TRUE(within_five_seconds([&] { return log.failure() == "no space left on device"; }));
  model->query_log.choice.sample = 2;  // other settings are tried at once
  {
    const std::scoped_lock lock(written.lock);
    written.is_broken = false;
  }
  begin();
  put("a.example", "10.1.0.1");
  put("b.example", "10.1.0.1");
  EXPECT_TRUE(are_written(1));
  EXPECT_EQ(log.failure(), "");
}

TEST_F(QueryLogTest, WhatTheRingOvertakesIsCounted) {
  model->query_log.to.clear();
  begin();
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(log.written() + log.lost(), 0U) << "nothing is logged, so nothing is lost";
  for (unsigned i = 0; i < 300'000; ++i) put("a.example", "10.1.0.1");
  model->query_log.to = "memory";
  log.attach(nullptr);
  begin();
  EXPECT_TRUE(within_five_seconds([&] { return log.written() + log.lost() > 0 || lines().empty(); }));
}

TEST(QueryLogFile, IsPutAsideAtItsSize) {
  char folder[] = "/tmp/penstock-query-log-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  config::QueryLog settings;
  settings.to = std::string(folder) + "/queries.log";
  settings.file_size = 64 << 10;
  settings.files = 2;
  {
    const auto sink = open_sink(settings);
    for (unsigned i = 0; i < 5000; ++i) sink->write("a line of forty octets, more or less ....");
    sink->flush();
  }
  size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    ++files;
    EXPECT_LE(file.file_size(), settings.file_size);
  }
  EXPECT_EQ(files, 3U);
  std::ifstream file(settings.to);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_EQ(line, "a line of forty octets, more or less ....");
  std::filesystem::remove_all(folder);
}

TEST(QueryLogFile, AFolderThatIsNotThereIsSaid) {
  config::QueryLog settings;
  settings.to = "/proc/no-such-folder/queries.log";
  EXPECT_THROW(open_sink(settings), std::exception);
}

}  // namespace
}  // namespace penstock::control::test
