// dataplane/state/hash_index.h - numbers found by the hash of what they stand for: open addressing, no allocation after start.
//
// It says where to look and nothing more: whoever asks compares what it finds. Removing shifts the entries behind it back, so
// there are no tombstones and a search ends at the first free entry.
#pragma once

#include <cstdint>

#include "dataplane/state/large_array.h"

namespace penstock::state {

class HashIndex {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  // `entries`: a power of two, at least twice as many as it will ever hold.
  explicit HashIndex(uint32_t entries);

  void prefetch(uint32_t hash) const { __builtin_prefetch(&entries_[hash & mask_]); }

  // The number under `hash` of which is_it(number) is true, or kNone.
  template <typename IsIt>
  uint32_t find(uint32_t hash, IsIt&& is_it) const {
    for (uint32_t at = hash & mask_; entries_[at].number != kFree; at = (at + 1) & mask_)
      if (entries_[at].hash == hash && is_it(entries_[at].number - 1)) return entries_[at].number - 1;
    return kNone;
  }

  void insert(uint32_t hash, uint32_t number) {
    uint32_t at = hash & mask_;
    while (entries_[at].number != kFree) at = (at + 1) & mask_;
    entries_[at] = {hash, number + 1};
  }

  // What was inserted so, and is there once.
  void erase(uint32_t hash, uint32_t number) {
    uint32_t hole = hash & mask_;
    while (entries_[hole].number != number + 1) {
      if (entries_[hole].number == kFree) return;
      hole = (hole + 1) & mask_;
    }
    for (uint32_t at = (hole + 1) & mask_; entries_[at].number != kFree; at = (at + 1) & mask_) {
      // It may move to the hole if that is no earlier than where its search begins.
      if (((at - entries_[at].hash) & mask_) < ((at - hole) & mask_)) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole].number = kFree;
  }

 private:
  static constexpr uint32_t kFree = 0;

  struct Entry {
    uint32_t hash;
    uint32_t number;  // and one
  };

  uint32_t mask_;
  LargeArray<Entry> entries_;
};

}  // namespace penstock::state
