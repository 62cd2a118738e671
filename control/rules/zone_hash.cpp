#include "control/rules/zone_hash.h"

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_sort.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "config/contract/suffix_hash.h"

namespace penstock::control {
namespace {

using config::Scope;
using config::ZoneBucket;
using Entry = config::ZoneNames::Entry;

// Longer chains of full buckets are refused by the dataplane (tables/zone_table.h); at half load they do not
// happen.
constexpr size_t kLongestChain = 16;

struct Hashed {
  uint64_t hash;
  uint32_t entry;
};

// Takes one entry into its name's node. A narrower scope wins over Scope::zone, whichever comes first.
struct Merge {
  ZoneHash::Node node;
  bool apex_by_name = false;
  bool below_by_below = false;

  bool take(const Entry& entry, const config::Model& model) {
    const auto set = [&](config::RuleIndex& rule, bool& narrow, bool is_narrow) {
      if (narrow && !is_narrow) return true;
      // The first one knows its next one.
      if (rule != config::kNoRule && narrow == is_narrow && !model.rules[rule.value()].clients.empty()) return true;
      const bool is_clash = rule != config::kNoRule && narrow == is_narrow && rule.value() != entry.rule;
      rule = config::RuleIndex{entry.rule};
      narrow = is_narrow;
      return !is_clash;
    };
    bool is_fine = true;
    if (entry.scope != Scope::below) is_fine = set(node.apex_rule, apex_by_name, entry.scope == Scope::name);
    if (entry.scope != Scope::name)
      is_fine = set(node.below_rule, below_by_below, entry.scope == Scope::below) && is_fine;
    return is_fine;
  }
};

std::vector<Hashed> hash_names(const config::ZoneNames& zones, uint64_t key) {
  std::vector<Hashed> hashed(zones.entries.size());
  tbb::parallel_for(tbb::blocked_range<size_t>(0, hashed.size(), 4096), [&](const auto& range) {
    for (size_t i = range.begin(); i != range.end(); ++i)
      hashed[i] = {config::hash_of_name(zones.name(zones.entries[i]), key), static_cast<uint32_t>(i)};
  });
  return hashed;
}

// Nodes that fit into a cache line do not straddle two: a lookup in a large table then waits for one line less.
uint64_t offset_behind(uint64_t end, uint64_t size) {
  constexpr uint64_t kLine = 64;
  const uint64_t next_line = config::align_up(end, kLine);
  return end + size > next_line && next_line - end < kLine && size <= kLine ? next_line : end;
}

// False when a chain of full buckets grew too long.
bool place(ZoneHash& result, uint64_t hash, uint32_t offset) {
  const uint64_t mask = result.buckets.size() - 1;
  size_t chain = 0;
  for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
    ZoneBucket& bucket = result.buckets[at];
    if (bucket.used < config::kBucketSlots) {
      bucket.tags[bucket.used] = static_cast<uint16_t>(hash >> 48);
      bucket.nodes[bucket.used++] = offset;
      return true;
    }
    bucket.overflowed = 1;
    if (++chain > kLongestChain) return false;
  }
}

}  // namespace

tl::expected<ZoneHash, ZoneHashError> hash_zones(const config::Model& model, uint64_t hash_key) {
  const config::ZoneNames& zones = model.zones;
  std::vector<Hashed> hashed = hash_names(zones, hash_key);
  ZoneHash result;
  result.buckets.resize(std::bit_ceil(hashed.size() * 2 / config::kBucketSlots + 1));
  const uint64_t mask = result.buckets.size() - 1;

  // By home bucket, so that neighbours in a bucket become neighbours in memory; entries of one name stand
  // together.
  tbb::parallel_sort(hashed.begin(), hashed.end(), [&](const Hashed& a, const Hashed& b) {
    if ((a.hash & mask) != (b.hash & mask)) return (a.hash & mask) < (b.hash & mask);
    if (a.hash != b.hash) return a.hash < b.hash;
    const auto left = zones.name(zones.entries[a.entry]);
    const auto right = zones.name(zones.entries[b.entry]);
    return left != right ? left < right : a.entry < b.entry;
  });

  result.nodes.reserve(hashed.size());
  for (size_t i = 0; i < hashed.size();) {
    const uint64_t hash = hashed[i].hash;
    const std::string_view name = zones.name(zones.entries[hashed[i].entry]);
    Merge merge;
    merge.node.entry = hashed[i].entry;
    for (; i < hashed.size() && hashed[i].hash == hash; ++i) {
      const Entry& entry = zones.entries[hashed[i].entry];
      if (zones.name(entry) != name) break;
      if (!merge.take(entry, model))
        return tl::make_unexpected(
            ZoneHashError{"the zone " + config::to_text(name) + " appears twice, with different rules", false});
    }
    const unsigned labels = config::label_count(name);
    const uint64_t bit = uint64_t{1} << (labels % 64);
    if (merge.node.apex_rule != config::kNoRule) result.apex_depths[labels / 64] |= bit;
    if (merge.node.below_rule != config::kNoRule) result.below_depths[labels / 64] |= bit;
    const uint64_t offset = offset_behind(result.nodes_size, config::zone_node_size(name.size()));
    merge.node.offset = static_cast<uint32_t>(offset / config::kZoneNodeUnit);
    result.nodes_size = offset + config::zone_node_size(name.size());
    result.nodes.push_back(merge.node);
    if (!place(result, hash, merge.node.offset))
      return tl::make_unexpected(ZoneHashError{"too many zones share a place in the zone table", true});
  }
  return result;
}

void write_nodes(const ZoneHash& hash, const config::ZoneNames& zones, std::byte* into) {
  tbb::parallel_for(tbb::blocked_range<size_t>(0, hash.nodes.size(), 4096), [&](const auto& range) {
    for (size_t i = range.begin(); i != range.end(); ++i) {
      const ZoneHash::Node& from = hash.nodes[i];
      const std::string_view name = zones.name(zones.entries[from.entry]);
      auto* node = reinterpret_cast<config::ZoneNode*>(into + uint64_t{from.offset} * config::kZoneNodeUnit);
      node->apex_rule = from.apex_rule;
      node->below_rule = from.below_rule;
      node->name_length = static_cast<uint8_t>(name.size());
      node->labels = static_cast<uint8_t>(config::label_count(name));
      std::memcpy(node->name, name.data(), name.size());
    }
  });
}

}  // namespace penstock::control
