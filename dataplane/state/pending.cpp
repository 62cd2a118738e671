#include "dataplane/state/pending.h"

namespace penstock::state {

uint32_t PendingTable::open(Random& random) {
  if (in_use_ >= capacity_) return kNone;
  // At most three of four slots are taken: 32 draws fail once in 10,000 at the very limit.
  for (int draw = 0; draw < 16; ++draw) {
    const uint32_t number = random.next();
    for (const uint16_t id : {static_cast<uint16_t>(number), static_cast<uint16_t>(number >> 16)}) {
      const uint32_t index = index_of(id);
      PendingSlot& slot = slots_[index];
      if (slot.open) continue;
      slot.open = 1;
      slot.upstream_id = id;
      const uint32_t youngest = links_[slot_count_].previous;
      links_[index] = {youngest, kNone};
      links_[youngest == kNone ? slot_count_ : youngest].next = index;
      links_[slot_count_].previous = index;
      ++in_use_;
      return index;
    }
  }
  return kNone;
}

void PendingTable::close(uint32_t index) {
  const Link link = links_[index];
  links_[link.previous == kNone ? slot_count_ : link.previous].next = link.next;
  links_[link.next == kNone ? slot_count_ : link.next].previous = link.previous;
  slots_[index].open = 0;
  --in_use_;
}

}  // namespace penstock::state
