// config/contract/log_rate.h - how many lines a cause may write: what a packet, a flapping peer or a broken file can repeat must not fill a disk.
#pragma once

#include <spdlog/spdlog.h>

#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

namespace penstock::config {

// `lines` in each window that begins with a line; how many were left out is said with the first one of a later window. One thread.
class LogRate {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit LogRate(unsigned lines, std::chrono::seconds window = std::chrono::seconds(60))
      : lines_(lines), window_(window) {}

  // Whether a line may be written now; `left_out`: how many were not since the last that was.
  bool may_write(Time now, uint64_t& left_out) {
    if (now >= ends_) {
      ends_ = now + window_;
      written_ = 0;
    }
    left_out = 0;
    if (written_ == lines_) {
      ++left_out_;
      return false;
    }
    ++written_;
    left_out = std::exchange(left_out_, 0);
    return true;
  }

  template <typename... Arguments>
  void write(spdlog::level::level_enum level, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    uint64_t left_out = 0;
    if (!may_write(std::chrono::steady_clock::now(), left_out)) return;
    const std::string text = fmt::format(format, std::forward<Arguments>(arguments)...);
    if (left_out == 0)
      spdlog::log(level, "{}", text);
    else
      spdlog::log(level, "{} ({} similar lines before it were suppressed)", text, left_out);
  }

 private:
  unsigned lines_;
  std::chrono::seconds window_;
  Time ends_{};
  unsigned written_ = 0;
  uint64_t left_out_ = 0;
};

}  // namespace penstock::config
