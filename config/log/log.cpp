#include "config/log/log.h"

#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <string_view>

namespace penstock::config {
namespace {

constexpr const char* kAudit = "audit";

// RFC 3339: "2026-11-30T20:57:01.123Z", "...+01:00".
std::string time_text(spdlog::log_clock::time_point at, bool is_local) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  std::tm parts{};
  is_local ? localtime_r(&seconds, &parts) : gmtime_r(&seconds, &parts);
  std::array<char, 32> day{};
  std::strftime(day.data(), day.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 16> rest{};
  if (is_local) {
    const long offset = parts.tm_gmtoff / 60, distance = offset < 0 ? -offset : offset;
    std::snprintf(rest.data(), rest.size(), ".%03d%c%02ld:%02ld", static_cast<int>(milliseconds % 1000),
                  offset < 0 ? '-' : '+', distance / 60 % 100, distance % 60);
  } else {
    std::snprintf(rest.data(), rest.size(), ".%03dZ", static_cast<int>(milliseconds % 1000));
  }
  return std::string(day.data()) + rest.data();
}

std::string_view level_text(spdlog::level::level_enum level) {
  const auto text = spdlog::level::to_string_view(level);
  return {text.data(), text.size()};
}

class Formatter : public spdlog::formatter {
 public:
  Formatter(std::string program, bool as_json, bool is_local, bool has_time)
      : program_(std::move(program)), as_json_(as_json), is_local_(is_local), has_time_(has_time) {}

  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    const std::string line = as_json_ ? as_json(message) : as_text(message);
    out.append(line.data(), line.data() + line.size());
  }
  std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<Formatter>(program_, as_json_, is_local_, has_time_);
  }

 private:
  std::string as_text(const spdlog::details::log_msg& message) const {
    std::string line = has_time_ ? time_text(message.time, is_local_) + " " + program_ + " " : "";
    return line.append(level_text(message.level)).append(": ").append(message.payload.data(), message.payload.size()) +
           "\n";
  }
  std::string as_json(const spdlog::details::log_msg& message) const {
    nlohmann::ordered_json line{{"time", time_text(message.time, is_local_)},
                                {"level", level_text(message.level)},
                                {"program", program_},
                                {"pid", getpid()}};
    if (std::string_view(message.logger_name.data(), message.logger_name.size()) == kAudit) line["event"] = kAudit;
    line["message"] = std::string(message.payload.data(), message.payload.size());
    // What is logged may have octets that are no UTF-8.
    return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  }

  std::string program_;
  bool as_json_;
  bool is_local_;
  bool has_time_;
};

spdlog::level::level_enum level_of(LogLevel level) {
  static constexpr std::array kLevels{spdlog::level::debug, spdlog::level::info, spdlog::level::warn,
                                      spdlog::level::err};
  static_assert(kLevels.size() == kCountOf<LogLevel>);
  return kLevels.at(static_cast<size_t>(level));
}

struct Started {
  std::string program;
  bool is_journal = false;
};
Started started;

}  // namespace

std::unique_ptr<spdlog::formatter> log_formatter(const std::string& program, const Log& log, bool is_journal) {
  return std::make_unique<Formatter>(program, log.as_json, log.local_time, !is_journal);
}

bool is_journal() {
  return std::getenv("JOURNAL_STREAM") != nullptr;
}

void start_log(const std::string& program, bool is_journal) {
  started = {program, is_journal};
  const auto sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  auto audit = std::make_shared<spdlog::logger>(kAudit, sink);
  audit->flush_on(spdlog::level::info);
  spdlog::drop(kAudit);
  spdlog::register_logger(std::move(audit));
  auto logger = std::make_shared<spdlog::logger>(program, sink);
  logger->flush_on(spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
  use_log({});
}

void use_log(const Log& log) {
  if (started.program.empty()) return;
  // One sink, so that audit lines have the same form.
  spdlog::default_logger()->set_formatter(log_formatter(started.program, log, started.is_journal));
  spdlog::default_logger()->set_level(level_of(log.level));
}

}  // namespace penstock::config
