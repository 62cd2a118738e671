#include "control/events/event_reader.h"

#include <algorithm>

namespace penstock::control {

void EventReader::attach(std::shared_ptr<const config::CounterPage> page) {
  page_ = std::move(page);
  if (page_->started_at == page_started_at_) return;
  page_started_at_ = page_->started_at;
  for (uint32_t i = 0; i < page_->lcores; ++i)
    next_[i] = page_->started_at >= since_ ? 0 : page_->lcore[i].events.count();
}

std::vector<config::Event> EventReader::read() {
  std::vector<config::Event> events;
  if (!page_) return events;
  for (uint32_t i = 0; i < page_->lcores; ++i) {
    const config::EventRing& ring = page_->lcore[i].events;
    const uint64_t count = ring.count();
    const uint64_t oldest = count > config::EventRing::kEvents ? count - config::EventRing::kEvents : 0;
    missed_ += std::max(oldest, next_[i]) - next_[i];
    for (next_[i] = std::max(oldest, next_[i]); next_[i] < count; ++next_[i]) {
      if (const auto event = ring.get(next_[i])) {
        events.push_back(*event);
      } else {
        ++missed_;
      }
    }
  }
  return events;
}

}  // namespace penstock::control
