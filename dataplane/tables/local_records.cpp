#include "dataplane/tables/local_records.h"

#include <algorithm>
#include <cstring>

#include "config/contract/suffix_hash.h"

namespace penstock::tables {

using config::ImageLocalNode;
using config::ImageLocalSet;
using config::ImageLocalSlot;
using config::kNoNode;

LocalRecords::LocalRecords(uint64_t hash_key, std::span<const config::ImageLocalZone> zones,
                           std::span<const ImageLocalSlot> slots, std::span<const ImageLocalNode> nodes,
                           std::span<const ImageLocalSet> sets, std::span<const uint8_t> bytes)
    : root_hash_(config::hash_of_root(hash_key)),
      slot_mask_(slots.size() - 1),
      zones_(zones),
      slots_(slots),
      nodes_(nodes),
      sets_(sets),
      bytes_(bytes) {}

const ImageLocalNode* LocalRecords::find(uint32_t zone, const uint8_t* name, unsigned length,
                                         uint64_t name_hash) const {
  if (slots_.empty()) return nullptr;
  const uint64_t hash = config::local_hash(name_hash, zone);
  const auto tag = static_cast<uint32_t>(hash >> 32);
  for (uint64_t at = hash & slot_mask_; slots_[at].node != kNoNode; at = (at + 1) & slot_mask_) {
    if (slots_[at].tag != tag) continue;
    const ImageLocalNode& node = nodes_[slots_[at].node];
    if (node.zone == zone && node.name_length == length && std::memcmp(&bytes_[node.name], name, length) == 0)
      return &node;
  }
  return nullptr;
}

const ImageLocalNode* LocalRecords::find(uint32_t zone, const dns::FoldedName& name, unsigned apex_length) const {
  uint64_t hashes[128];
  hashes[0] = root_hash_;
  // No name of the zone is deeper.
  const unsigned deepest = std::min<unsigned>(name.labels, zones_[zone].deepest);
  for (unsigned depth = 1; depth <= deepest; ++depth) {
    const uint8_t* label = name.bytes + name.offsets[name.labels - depth];
    hashes[depth] = config::extend_hash(hashes[depth - 1], label, *label);
  }
  for (unsigned depth = deepest;; --depth) {
    const unsigned at = name.offsets[name.labels - depth];
    const unsigned length = name.length - at;
    if (length < apex_length) return nullptr;
    if (const ImageLocalNode* node = find(zone, name.bytes + at, length, hashes[depth])) {
      if (depth == name.labels) return node;
      return node->wildcard != kNoNode ? &nodes_[node->wildcard] : nullptr;
    }
    if (depth == 0) return nullptr;
  }
}

const ImageLocalSet* LocalRecords::find_set(const ImageLocalNode& node, uint16_t type) const {
  const auto all = sets(node);
  const auto found = std::lower_bound(all.begin(), all.end(), type,
                                      [](const ImageLocalSet& set, uint16_t wanted) { return set.type < wanted; });
  return found != all.end() && found->type == type ? &*found : nullptr;
}

}  // namespace penstock::tables
