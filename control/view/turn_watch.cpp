#include "control/view/turn_watch.h"

#include "control/view/stages.h"

namespace penstock::control {

const std::vector<HungLcore>& TurnWatch::look(const config::CounterPage* page, Time now) {
  hung_.clear();
  if (page == nullptr || page->started_at != started_at_) lcores_.clear();
  if (page == nullptr) return hung_;
  started_at_ = page->started_at;
  const auto counted = lcores_of(*page);
  lcores_.resize(counted.size(), {.turned_at = now});
  for (uint32_t i = 0; i < counted.size(); ++i) {
    Lcore& lcore = lcores_[i];
    if (const uint64_t turns = counted[i].turns.get(); turns != lcore.turns) {
      lcore.turns = turns;
      lcore.turned_at = now;
      lcore.hangs = lcore.hangs && now - lcore.hung_at < kTrust;
    } else if (now - lcore.turned_at >= kPatience) {
      lcore.hung_at = now;
      lcore.hangs = true;
    }
    if (lcore.hangs) hung_.push_back({i, lcore.turned_at});
  }
  return hung_;
}

}  // namespace penstock::control
