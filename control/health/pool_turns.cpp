#include "control/health/pool_turns.h"

#include <algorithm>
#include <ctime>

namespace penstock::control {
namespace {

bool is_down(const Turn& turn) {
  return turn.health.state == config::Health::down;
}

std::string clock_time(std::chrono::system_clock::time_point at) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[9];
  return {text, std::strftime(text, sizeof text, "%H:%M:%S", &parts)};
}

// One reason for all of them, or each with its own.
std::string reasons(const std::vector<Turn>& turns) {
  const std::string& first = turns.front().health.reason;
  if (std::all_of(turns.begin(), turns.end(), [&](const Turn& turn) { return turn.health.reason == first; }))
    return first + turns.front().remedy;
  std::string text;
  for (const Turn& turn : turns)
    text += (text.empty() ? "" : "; ") + config::to_string(turn.health.id.address) + " " + turn.health.reason;
  return text;
}

PoolTurns::Line together(const std::vector<Turn>& turns) {
  const std::string all =
      "path to " + turns.front().health.id.pool + ": all " + std::to_string(turns.size()) + " endpoints ";
  if (is_down(turns.front())) {
    auto since = turns.front().health.since;
    for (const Turn& turn : turns) since = std::min(since, turn.health.since);
    return {true, all + "down since " + clock_time(since) + ": " + reasons(turns)};
  }
  auto down = turns.front().down_since;
  auto up = turns.front().health.since;
  for (const Turn& turn : turns) {
    down = std::min(down, turn.down_since);
    up = std::min(up, turn.health.since);
  }
  const auto lasted = std::chrono::duration_cast<std::chrono::seconds>(up - down).count();
  return {false, all + "up again, after " + std::to_string(lasted) + " s"};
}

}  // namespace

std::vector<PoolTurns::Line> PoolTurns::add(Turn turn, size_t members, std::chrono::milliseconds round, Time now) {
  std::vector<Line> lines;
  if (members < 2) return {{is_down(turn), std::move(turn.line)}};
  const std::string pool = turn.health.id.pool;
  if (const auto at = pools_.find(pool); at != pools_.end() && is_down(at->second.turns.front()) != is_down(turn)) {
    tell_each(at->second, lines);
    pools_.erase(at);
  }
  const auto [at, is_new] = pools_.try_emplace(pool);
  Waiting& waiting = at->second;
  if (is_new) waiting.due = now + round;
  waiting.turns.push_back(std::move(turn));
  if (waiting.turns.size() < members) return lines;
  lines.push_back(together(waiting.turns));
  pools_.erase(at);
  return lines;
}

std::vector<PoolTurns::Line> PoolTurns::flush(Time now) {
  std::vector<Line> lines;
  for (auto at = pools_.begin(); at != pools_.end();) {
    if (at->second.due > now) {
      ++at;
      continue;
    }
    tell_each(at->second, lines);
    at = pools_.erase(at);
  }
  return lines;
}

PoolTurns::Time PoolTurns::next() const {
  Time next = Time::max();
  for (const auto& [pool, waiting] : pools_) next = std::min(next, waiting.due);
  return next;
}

void PoolTurns::tell_each(const Waiting& waiting, std::vector<Line>& lines) {
  for (const Turn& turn : waiting.turns) lines.push_back({is_down(turn), turn.line});
}

}  // namespace penstock::control
