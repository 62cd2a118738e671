#include "control/events/event_log.h"

#include <spdlog/spdlog.h>

namespace penstock::control {

void EventLog::add(const config::Event& event, std::string text, Time now) {
  count(event);
  Sort sort{event.kind, event.rule};
  if (quotas_.size() >= kMaxSorts && !quotas_.contains(sort)) sort.second = ~uint32_t{0};
  const auto [at, is_new] = quotas_.try_emplace(sort);
  Quota& quota = at->second;
  if (!is_new && now < quota.next) {
    ++quota.left_out;
    quota.text = std::move(text);
    return;
  }
  write(event.kind, std::move(text), quota.left_out);
  quota = {now + kPause, 0, {}};
}

void EventLog::count(const config::Event& event) {
  if (const auto kind = static_cast<size_t>(event.kind); kind < kEventKinds) ++counts_[kind];
}

void EventLog::flush(Time now) {
  for (auto at = quotas_.begin(); at != quotas_.end();) {
    Quota& quota = at->second;
    if (now < quota.next) {
      ++at;
    } else if (quota.left_out == 0) {
      at = quotas_.erase(at);
    } else {
      write(at->first.first, std::move(quota.text), quota.left_out - 1);
      quota = {now + kPause, 0, {}};
      ++at;
    }
  }
}

void EventLog::write(config::EventKind kind, std::string text, uint64_t left_out) {
  spdlog::warn("{}{}", text, left_out == 0 ? "" : " (and " + std::to_string(left_out) + " more like it)");
  last_.push_back({std::chrono::system_clock::now(), kind, std::move(text), left_out});
  if (last_.size() > kKept) last_.pop_front();
}

}  // namespace penstock::control
