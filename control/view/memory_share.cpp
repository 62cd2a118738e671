#include "control/view/memory_share.h"

#include <algorithm>

namespace penstock::control {
namespace {

constexpr std::chrono::seconds kRecent{10};

}  // namespace

MemoryShare memory_share(const config::CounterPage& page) {
  using config::QueryOutcome;
  MemoryShare share;
  for (uint32_t i = 0; i < page.lcores; ++i) {
    const auto& outcomes = page.lcore[i].query;
    for (const QueryOutcome outcome :
         {QueryOutcome::answered_cached, QueryOutcome::answered_stale, QueryOutcome::answered_failure})
      share.from_memory += outcomes[outcome].get();
    for (const QueryOutcome outcome : {QueryOutcome::forwarded, QueryOutcome::joined})
      share.queries += outcomes[outcome].get();
  }
  share.queries += share.from_memory;
  return share;
}

void RecentMemoryShare::add(const MemoryShare& now, Time at) {
  // A dataplane that restarted counts from zero again.
  if (!samples_.empty() && now.queries < samples_.back().share.queries) forget();
  samples_.push_back({at, now});
  while (samples_.size() > 2 && at - samples_[1].at >= kRecent) samples_.pop_front();
}

MemoryShare RecentMemoryShare::get() const {
  if (samples_.size() < 2) return {};
  const MemoryShare& first = samples_.front().share;
  const MemoryShare& last = samples_.back().share;
  return {last.queries - first.queries, last.from_memory - std::min(first.from_memory, last.from_memory)};
}

}  // namespace penstock::control
