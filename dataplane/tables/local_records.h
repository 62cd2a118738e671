// dataplane/tables/local_records.h - what rules answer by themselves: names with records, found by a hash of zone and name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "config/contract/image.h"
#include "dataplane/dns/name.h"

namespace penstock::tables {

// A chain of taken slots longer than this is refused by Ruleset::open: it bounds a lookup. At half load it does not happen.
constexpr unsigned kLongestSlotChain = 256;

// A view of the image's sections; indices in them are trusted: Ruleset::open has checked every one.
class LocalRecords {
 public:
  LocalRecords() = default;
  LocalRecords(uint64_t hash_key, std::span<const config::ImageLocalZone> zones,
               std::span<const config::ImageLocalSlot> slots, std::span<const config::ImageLocalNode> nodes,
               std::span<const config::ImageLocalSet> sets, std::span<const uint8_t> bytes);

  const config::ImageLocalZone& zone(uint32_t index) const { return zones_[index]; }
  const config::ImageLocalSet& set(uint32_t index) const { return sets_[index]; }
  const config::ImageLocalNode& node(uint32_t index) const { return nodes_[index]; }
  std::span<const config::ImageLocalSet> sets(const config::ImageLocalNode& node) const {
    return sets_.subspan(node.first, node.sets);
  }
  // Its records, one behind the other, without owners.
  std::span<const uint8_t> data(const config::ImageLocalSet& set) const { return bytes_.subspan(set.data, set.size); }

  // The node of exactly this name, or nullptr.
  const config::ImageLocalNode* find(uint32_t zone, const uint8_t* name, unsigned length, uint64_t name_hash) const;
  // The node that answers for `name`, which is at or below its zone's own name of `apex_length` octets: the name's own, else the
  // wildcard at the closest encloser (RFC 4592 section 3.3.1). nullptr: there is no such name.
  const config::ImageLocalNode* find(uint32_t zone, const dns::FoldedName& name, unsigned apex_length) const;
  // nullptr: none of that type.
  const config::ImageLocalSet* find_set(const config::ImageLocalNode& node, uint16_t type) const;

 private:
  uint64_t root_hash_ = 0;
  uint64_t slot_mask_ = 0;
  std::span<const config::ImageLocalZone> zones_;
  std::span<const config::ImageLocalSlot> slots_;
  std::span<const config::ImageLocalNode> nodes_;
  std::span<const config::ImageLocalSet> sets_;
  std::span<const uint8_t> bytes_;
};

}  // namespace penstock::tables
