#include "dataplane/housekeeping/flood_police.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <limits>

namespace penstock {

void FloodPolice::tick(std::span<const state::TurnedAway* const> lcores, uint64_t generation, config::CounterPage& page,
                       uint64_t now) {
  if (now < due_) return;
  due_ = now + kPeriodNs;
  // Who is allowed now, or may ask more, was policed by the rules before.
  if (generation != generation_) release_all();
  generation_ = generation;

  struct Sum {
    uint64_t count = 0;
    uint32_t rate = 0;
  };
  std::map<config::IpAddress, Sum> sums;
  const auto worth_it = static_cast<uint32_t>(kFlood / (lcores.size() + 1) / 2);
  for (const state::TurnedAway* lcore : lcores)
    lcore->each(now, [&](const state::TurnedAway::Client& client) {
      if (client.count < worth_it) return;
      Sum& sum = sums[{client.address, client.family}];
      sum.count += client.count;
      sum.rate = client.rate;
    });
  for (const auto& [client, sum] : sums) {
    if (sum.count < kFlood || policed_.size() == kMost || policed_.contains(client)) continue;
    const uint64_t passes = kPassed + 2 * uint64_t{sum.rate};
    const auto most = static_cast<uint32_t>(std::min<uint64_t>(passes, std::numeric_limits<uint32_t>::max()));
    if (!means_.police(client, most)) {
      if (!is_told_)
        spdlog::warn("{} floods us with queries to be refused, and no port can drop them unread",
                     config::to_string(client));
      is_told_ = true;
      continue;
    }
    Policed policed;
    policed.since = now;
    policed.was_proved = means_.is_proved(client, now);
    policed_.emplace(client, policed);
    begin_lines_.write(spdlog::level::warn,
                       "{} floods us with queries to be refused: above {} per second they are dropped unread",
                       config::to_string(client), passes);
  }
  release_proved(now);
  if (now >= second_ends_) {
    second_ends_ = now + 1'000'000'000;
    look_after(page);
  }
  page.policed_clients.set(policed_.size());
}

void FloodPolice::release_all() {
  for (const auto& [client, policed] : policed_) means_.release(client);
  policed_.clear();
}

// Not before what lcores noted until it was stopped is of windows gone by.
void FloodPolice::release_proved(uint64_t now) {
  constexpr uint64_t kTwoWindows = uint64_t{2} << state::TurnedAway::kWindowShift;
  for (auto at = policed_.begin(); at != policed_.end();) {
    const Policed& policed = at->second;
    if (policed.was_proved || now - policed.since < kTwoWindows || !means_.is_proved(at->first, now)) {
      ++at;
      continue;
    }
    end_lines_.write(spdlog::level::info, "{} has proved its address: queries from it are no longer dropped unread",
                     config::to_string(at->first));
    means_.release(at->first);
    at = policed_.erase(at);
  }
}

void FloodPolice::look_after(config::CounterPage& page) {
  for (auto at = policed_.begin(); at != policed_.end();) {
    const uint64_t dropped = means_.dropped_of(at->first);
    Policed& policed = at->second;
    page.policed_dropped.add(dropped - policed.dropped);
    policed.calm = dropped == policed.dropped ? policed.calm + 1 : 0;
    policed.dropped = dropped;
    if (policed.calm < kCalmSeconds) {
      ++at;
      continue;
    }
    end_lines_.write(spdlog::level::info, "{} no longer floods us: {} of its queries were dropped unread",
                     config::to_string(at->first), dropped);
    means_.release(at->first);
    at = policed_.erase(at);
  }
}

}  // namespace penstock
