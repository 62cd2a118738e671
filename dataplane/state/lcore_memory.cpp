// dataplane/state/lcore_memory.cpp - taking the memory of an lcore's tables, at start: the one part of them that allocates.
#include <sys/mman.h>

#include <new>

#include "dataplane/state/answers/answer_cache.h"
#include "dataplane/state/clients/rate_limits.h"
#include "dataplane/state/flights/delivery.h"
#include "dataplane/state/flights/pending.h"
#include "dataplane/state/flights/waiters.h"
#include "dataplane/state/hash_index.h"

namespace penstock::state {

void* take_large(size_t bytes) {
  constexpr size_t kHugePage = 2 << 20;
  const size_t alignment = bytes >= kHugePage ? kHugePage : 64;
  const size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* memory = std::aligned_alloc(alignment, rounded);
  if (memory == nullptr) throw std::bad_alloc();
  if (alignment == kHugePage) madvise(memory, rounded, MADV_HUGEPAGE);  // before it is touched; a wish, not a need
  return memory;
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

HashIndex::HashIndex(uint32_t entries) : mask_(entries - 1), entries_(make_large<Entry>(entries)) {}

AnswerCache::AnswerCache(uint64_t octets)
    : pages_count_(static_cast<uint32_t>(octets / kPageSize)), pages_(make_large<Page>(pages_count_)) {}

RateTable::RateTable() : sets_(make_large<Set>(kSets)) {}

ProvedAddresses::ProvedAddresses() : places_(make_large<std::atomic<uint64_t>>(kPlaces)) {}

WaiterPool::WaiterPool(uint32_t capacity, uint32_t index_entries)
    : capacity_(capacity), waiters_(make_large<Waiter>(capacity)), index_(index_entries) {
  for (uint32_t i = 0; i < capacity; ++i) waiters_[i].next = i + 1 < capacity ? i + 1 : kNone;
  first_free_ = capacity != 0 ? 0 : kNone;
}

DeliveryQueue::DeliveryQueue(uint32_t deliveries)
    : mask_(deliveries - 1), queue_(make_large<Delivery>(deliveries)), answers_(make_large<Answer>(kAnswers)) {
  for (uint16_t i = 0; i < kAnswers; ++i) free_[i] = i;
}

}  // namespace penstock::state
