// dataplane/state/pending_memory.cpp - taking the table's memory, at start: the one part of it that allocates.
#include <sys/mman.h>

#include <memory>
#include <new>

#include "dataplane/state/pending.h"

namespace penstock::state {

template <typename T>
PendingTable::LargeArray<T> PendingTable::make_large(size_t count) {
  constexpr size_t kHugePage = 2 << 20;
  const size_t bytes = count * sizeof(T);
  const size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  if (alignment == kHugePage) madvise(memory, rounded, MADV_HUGEPAGE);  // before it is touched; a wish, not a need
  T* first = static_cast<T*>(memory);
  std::uninitialized_value_construct_n(first, count);
  return LargeArray<T>(first);
}

PendingTable::PendingTable(uint32_t slots)
    : slot_count_(slots),
      mask_(slots - 1),
      capacity_(slots / 4 * 3),
      slots_(make_large<PendingSlot>(slots)),
      queries_(make_large<PendingQuery>(slots)),
      links_(make_large<Link>(slots)) {
  wheel_.fill(kNone);
}

}  // namespace penstock::state
