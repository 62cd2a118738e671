#include "config/check/zone_index.h"

#include <algorithm>

namespace penstock::config {
namespace {

uint64_t hash_of(std::string_view name) {
  return std::hash<std::string_view>{}(name);
}

}  // namespace

ZoneIndex::ZoneIndex(const ZoneNames& zones, const Wanted& wanted) : zones_(zones), label_counts_(128) {
  if (!wanted) sorted_.reserve(zones.entries.size());
  for (uint32_t i = 0; i < zones.entries.size(); ++i) {
    const auto& entry = zones.entries[i];
    if (wanted && !wanted(entry)) continue;
    const std::string_view name = zones.name(entry);
    sorted_.emplace_back(hash_of(name), i);
    if (wanted) label_counts_[label_count(name)] = true;
  }
  if (!wanted) label_counts_.assign(128, true);
  std::sort(sorted_.begin(), sorted_.end());
}

const ZoneNames::Entry* ZoneIndex::find(std::string_view wire_name, Scope scope) const {
  const uint64_t hash = hash_of(wire_name);
  for (auto at = std::lower_bound(sorted_.begin(), sorted_.end(), Hashed{hash, 0});
       at != sorted_.end() && at->first == hash; ++at) {
    const auto& entry = zones_.entries[at->second];
    if (entry.scope == scope && zones_.name(entry) == wire_name) return &entry;
  }
  return nullptr;
}

std::vector<const ZoneNames::Entry*> ZoneIndex::all(std::string_view wire_name) const {
  std::vector<const ZoneNames::Entry*> found;
  const uint64_t hash = hash_of(wire_name);
  for (auto at = std::lower_bound(sorted_.begin(), sorted_.end(), Hashed{hash, 0});
       at != sorted_.end() && at->first == hash; ++at)
    if (zones_.name(zones_.entries[at->second]) == wire_name) found.push_back(&zones_.entries[at->second]);
  return found;
}

const ZoneNames::Entry* ZoneIndex::longest_match(std::string_view wire_name, bool with_apex) const {
  unsigned labels = label_count(wire_name);
  if (with_apex && label_counts_[labels]) {
    if (const auto* entry = find(wire_name, Scope::name)) return entry;
    if (const auto* entry = find(wire_name, Scope::zone)) return entry;
  }
  while (labels > 0) {
    wire_name.remove_prefix(static_cast<uint8_t>(wire_name.front()) + 1U);
    if (!label_counts_[--labels]) continue;
    if (const auto* entry = find(wire_name, Scope::below)) return entry;
    if (const auto* entry = find(wire_name, Scope::zone)) return entry;
  }
  return nullptr;
}

void ZoneIndex::each_repeated(const std::function<void(const std::vector<const ZoneNames::Entry*>&)>& visit) const {
  std::vector<const ZoneNames::Entry*> same_hash;
  for (size_t first = 0, end = 0; first < sorted_.size(); first = end) {
    for (end = first + 1; end < sorted_.size() && sorted_[end].first == sorted_[first].first;) ++end;
    if (end == first + 1) continue;
    same_hash.clear();
    for (size_t i = first; i < end; ++i) same_hash.push_back(&zones_.entries[sorted_[i].second]);
    // Different names of one hash are next to impossible; they are told apart all the same.
    std::stable_sort(same_hash.begin(), same_hash.end(),
                     [&](const auto* a, const auto* b) { return zones_.name(*a) < zones_.name(*b); });
    for (auto from = same_hash.begin(); from != same_hash.end();) {
      const auto to =
          std::find_if(from, same_hash.end(), [&](const auto* e) { return zones_.name(*e) != zones_.name(**from); });
      if (to - from > 1) visit({from, to});
      from = to;
    }
  }
}

}  // namespace penstock::config
