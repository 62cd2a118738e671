#include "dataplane/state/flights/pending.h"

namespace penstock::state {
namespace {

constexpr uint32_t kHangsNowhere = 0xfffffffe;  // in Link::previous

// Ticks are compared by distance: they wrap after 52 days.
bool is_before(uint32_t tick, uint32_t other) {
  return static_cast<int32_t>(tick - other) < 0;
}

}  // namespace

bool PendingTable::take(uint16_t id) {
  const uint32_t index = index_of(id);
  PendingSlot& slot = slots_[index];
  if (slot.open != 0) return false;
  slot.open = 1;
  slot.sends = 0;
  slot.landed = 0;
  slot.waiters = 0;
  slot.upstream_id = id;
  links_[index].previous = kHangsNowhere;
  ++in_use_;
  return true;
}

uint32_t PendingTable::open(Random& random) {
  if (in_use_ >= capacity_) return kNone;
  while (foreseen_count_ != 0)
    if (const uint16_t id = foreseen_[--foreseen_count_]; take(id)) return index_of(id);
  // At most three of four slots are taken: 32 draws fail once in 10,000 at the very limit.
  for (int draw = 0; draw < 16; ++draw) {
    const uint32_t number = random.next();
    for (const uint16_t id : {static_cast<uint16_t>(number), static_cast<uint16_t>(number >> 16)})
      if (take(id)) return index_of(id);
  }
  return kNone;
}

void PendingTable::foresee(Random& random, unsigned queries) {
  while (foreseen_count_ < queries && foreseen_count_ + 1 < foreseen_.size()) {
    const uint32_t number = random.next();
    for (const uint16_t id : {static_cast<uint16_t>(number), static_cast<uint16_t>(number >> 16)}) {
      prefetch(id);
      foreseen_[foreseen_count_++] = id;
    }
  }
}

void PendingTable::close(uint32_t index) {
  unhang(index);
  if (slots_[index].landed != 0) --landed_;
  slots_[index].open = 0;
  --in_use_;
}

void PendingTable::land(uint32_t index) {
  unhang(index);
  slots_[index].landed = 1;
  ++landed_;
}

void PendingTable::schedule(uint32_t index, uint64_t when) {
  unhang(index);
  hang(index, static_cast<uint32_t>(when >> kTickShift));
}

void PendingTable::hasten(uint32_t index, uint64_t when) {
  const Link& link = links_[index];
  if (link.previous == kHangsNowhere || is_before(static_cast<uint32_t>(when >> kTickShift), link.due))
    schedule(index, when);
}

uint32_t PendingTable::next_due(uint64_t now) {
  const auto now_tick = static_cast<uint32_t>(now >> kTickShift);
  if (in_use_ == 0) tick_ = now_tick;
  while (is_before(tick_, now_tick)) {
    const uint32_t index = wheel_[tick_ % kTicks];
    if (index == kNone) {
      ++tick_;
      continue;
    }
    unhang(index);
    if (!is_before(tick_, links_[index].due)) return index;
    hang(index, links_[index].due);
  }
  return kNone;
}

void PendingTable::hang(uint32_t index, uint32_t due) {
  uint32_t at = is_before(due, tick_) ? tick_ : due;
  if (at - tick_ >= kTicks) at = tick_ + kTicks - 1;
  uint32_t& first = wheel_[at % kTicks];
  links_[index] = {kNone, first, at, due};
  if (first != kNone) links_[first].previous = index;
  first = index;
}

void PendingTable::unhang(uint32_t index) {
  Link& link = links_[index];
  if (link.previous == kHangsNowhere) return;
  (link.previous == kNone ? wheel_[link.placed % kTicks] : links_[link.previous].next) = link.next;
  if (link.next != kNone) links_[link.next].previous = link.previous;
  link.previous = kHangsNowhere;
}

}  // namespace penstock::state
