// tests/config/log/log_test.cpp - a line of the log as text and as JSON.
#include "config/log/log.h"

#include <gtest/gtest.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

namespace penstock::config {
namespace {

std::string line(const Log& log, const std::string& text, bool is_journal = false,
                 const char* logger = "penstock-control") {
  const spdlog::log_clock::time_point at{std::chrono::milliseconds(1'796'079'421'007)};
  const spdlog::details::log_msg message(at, {}, logger, spdlog::level::warn, text);
  spdlog::memory_buf_t out;
  log_formatter("penstock-control", log, is_journal)->format(message, out);
  return {out.data(), out.size()};
}

struct LogTest : testing::Test {
  LogTest() {
    setenv("TZ", "Asia/Kolkata", 1);
    tzset();
  }
  ~LogTest() override {
    unsetenv("TZ");
    tzset();
  }
};

TEST_F(LogTest, TextHasTimeWithZoneLevelAndProgram) {
  EXPECT_EQ(line({.local_time = false}, "hello"), "2026-11-30T22:57:01.007Z penstock-control warning: hello\n");
  EXPECT_EQ(line({.local_time = true}, "hello"), "2026-12-01T04:27:01.007+05:30 penstock-control warning: hello\n");
  EXPECT_EQ(line({}, "hello", true), "warning: hello\n") << "the journal stamps lines itself";
  setenv("TZ", "America/St_Johns", 1);
  tzset();
  EXPECT_EQ(line({.local_time = true}, "hello").substr(0, 29), "2026-11-30T19:27:01.007-03:30");
}

TEST_F(LogTest, JsonIsOneObjectALine) {
  const Log log{.as_json = true, .local_time = false};
  const std::string text = line(log, "a \"quote\",\na line, \xff and K\xc3\xb6ln", true);
  EXPECT_EQ(text.find('\n'), text.size() - 1);
  const auto read = nlohmann::json::parse(text);
  EXPECT_EQ(read["time"], "2026-11-30T22:57:01.007Z") << "in the journal too";
  EXPECT_EQ(read["level"], "warning");
  EXPECT_EQ(read["program"], "penstock-control");
  EXPECT_EQ(read["pid"], getpid());
  EXPECT_EQ(read["message"], "a \"quote\",\na line, \xef\xbf\xbd and K\xc3\xb6ln");
  EXPECT_FALSE(read.contains("event"));
  EXPECT_EQ(nlohmann::json::parse(line(log, "x", false, "audit"))["event"], "audit");
}

TEST_F(LogTest, TheLevelLeavesOutNoAudit) {
  start_log("penstock-control", false);
  use_log({.level = LogLevel::error});
  EXPECT_FALSE(spdlog::default_logger()->should_log(spdlog::level::warn));
  EXPECT_TRUE(spdlog::default_logger()->should_log(spdlog::level::err));
  ASSERT_NE(spdlog::get("audit"), nullptr);
  EXPECT_TRUE(spdlog::get("audit")->should_log(spdlog::level::info));
  use_log({.level = LogLevel::debug});
  EXPECT_TRUE(spdlog::default_logger()->should_log(spdlog::level::debug));
}

}  // namespace
}  // namespace penstock::config
