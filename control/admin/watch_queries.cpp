#include "control/admin/watch_queries.h"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <iostream>
#include <thread>

#include "control/admin/client.h"
#include "control/admin/render.h"

namespace penstock::control {
namespace {

using nlohmann::json;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;
constexpr std::chrono::seconds kQuick{3};
constexpr std::chrono::milliseconds kPause{200};
constexpr std::chrono::seconds kTopPause{2};

// The answer; nothing: it has said why on standard error, and `status` is the exit status.
std::optional<json> ask(const WatchOptions& options, json request, int& status) {
  for (const auto& [key, value] : options.filter.items()) request[key] = value;
  auto answer = ask_control(options.socket, request, kQuick);
  const std::string error = !answer                      ? answer.error()
                            : answer->value("ok", false) ? ""
                                                         : answer->value("error", "it failed without a reason");
  if (error.empty()) return *answer;
  if (options.as_json) std::cout << json{{"ok", false}, {"error", error}}.dump() << '\n';
  std::cerr << "penstockctl: " << error << '\n';
  status = answer ? kFailed : kUsage;
  return std::nullopt;
}

class Printer {
 public:
  explicit Printer(const WatchOptions& options) : options_(options) {}
  // False: it has printed as many as were wanted.
  bool print(const json& answer) {
    if (const auto missed = answer.value("missed", uint64_t{0}); missed != 0 && !is_first_)
      std::cerr << "penstockctl: about " << (missed + 1) / 2 << " queries went by unseen: too many at once\n";
    is_first_ = false;
    for (const json& query : answer["queries"]) {
      std::cout << (query.is_string() ? query.get<std::string>() : query.dump()) << '\n';
      if (++printed_ == options_.most) return false;
    }
    std::cout.flush();
    return true;
  }
  uint64_t printed() const { return printed_; }

 private:
  const WatchOptions& options_;
  uint64_t printed_ = 0;
  bool is_first_ = true;  // it begins in the midst of a ring
};

}  // namespace

int tail(const WatchOptions& options, const std::atomic<bool>& stop) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(options.seconds);
  Printer printer(options);
  json from = "now";
  while (!stop) {
    int status = kDone;
    const auto answer =
        ask(options, {{"command", "queries"}, {"from", from}, {"form", options.as_json ? "json" : "text"}}, status);
    if (!answer) return status;
    if (!printer.print(*answer)) break;
    if (!std::cout) return kFailed;
    from = (*answer)["cursor"];
    if (options.seconds != 0 && std::chrono::steady_clock::now() >= end) break;
    if (!(*answer)["more"].get<bool>()) std::this_thread::sleep_for(kPause);
  }
  std::cout.flush();
  return kDone;
}

int grep(const WatchOptions& options) {
  Printer printer(options);
  json from = "oldest";
  for (bool more = true; more;) {
    int status = kDone;
    const auto answer =
        ask(options, {{"command", "queries"}, {"from", from}, {"form", options.as_json ? "json" : "text"}}, status);
    if (!answer) return status;
    if (!printer.print(*answer)) break;
    from = (*answer)["cursor"];
    more = (*answer)["more"].get<bool>();
  }
  std::cout.flush();
  return printer.printed() == 0 ? kFailed : kDone;
}

int top(const WatchOptions& options, const std::atomic<bool>& stop) {
  const bool is_live = !options.once && !options.as_json && isatty(STDOUT_FILENO) != 0;
  while (!stop) {
    int status = kDone;
    const auto answer =
        ask(options, {{"command", "top"}, {"seconds", options.seconds}, {"count", options.count}}, status);
    if (!answer) return status;
    if (options.as_json) {
      std::cout << answer->dump(2, ' ', false, json::error_handler_t::replace) << '\n';
      break;
    }
    std::cout << (is_live ? "\033[H\033[J" : "") << render_top(*answer) << std::flush;
    if (!is_live) break;
    for (auto slept = kPause; slept < kTopPause && !stop; slept += kPause) std::this_thread::sleep_for(kPause);
  }
  return kDone;
}

}  // namespace penstock::control
