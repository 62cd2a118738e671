// dataplane/state/pending_memory.cpp - taking the table's memory, at start: the one part of it that allocates.
#include "dataplane/state/pending.h"

namespace penstock::state {

PendingTable::PendingTable(uint32_t slots)
    : slot_count_(slots),
      mask_(slots - 1),
      capacity_(slots / 4 * 3),
      slots_(std::make_unique<PendingSlot[]>(slots)),
      queries_(std::make_unique<PendingQuery[]>(slots)),
      links_(std::make_unique<Link[]>(slots)) {
  wheel_.fill(kNone);
}

}  // namespace penstock::state
