#include "dataplane/tables/image_checks.h"

#include <bit>

#include "dataplane/tables/zone_table.h"

namespace penstock::tables {
namespace {

using config::ImageHeader;
using config::kNoRule;
using config::ZoneBucket;
using config::ZoneNode;

std::string text(uint64_t number) {
  return std::to_string(number);
}

// Label offsets of a folded wire name that ends exactly at its length; its number of labels, or nullopt.
std::optional<unsigned> read_labels(const uint8_t* name, unsigned length, uint8_t (&offsets)[128]) {
  unsigned labels = 0;
  for (unsigned at = 0; at < length;) {
    const unsigned label = name[at];
    if (label == 0) return at + 1 == length ? std::optional(labels) : std::nullopt;
    if (label > 63 || at + 1 + label >= length) return std::nullopt;
    for (unsigned i = at + 1; i <= at + label; ++i)
      if (name[i] >= 'A' && name[i] <= 'Z') return std::nullopt;
    offsets[labels++] = static_cast<uint8_t>(at);
    at += label + 1;
  }
  return std::nullopt;
}

struct DepthMasks {
  uint64_t apex[2] = {};
  uint64_t below[2] = {};
};

// What is true of a node by itself; `depths` gathers the masks. The fault begins behind the node's name.
Fault check_node(const ZoneNode& node, config::ImageRules rules, DepthMasks& depths) {
  uint8_t offsets[128];
  const auto labels = read_labels(node.name, node.name_length, offsets);
  if (!labels) return " has a malformed name";
  if (*labels != node.labels) return " says " + text(node.labels) + " labels, its name has " + text(*labels);
  if (node.apex_rule == kNoRule && node.below_rule == kNoRule) return " has no rule";
  for (const config::RuleIndex rule : {node.apex_rule, node.below_rule})
    if (rule != kNoRule && !rules.has(rule))
      return " has rule " + text(rule.value()) + ", the image has " + text(rules.size());
  const uint64_t bit = uint64_t{1} << (*labels % 64);
  if (node.apex_rule != kNoRule) depths.apex[*labels / 64] |= bit;
  if (node.below_rule != kNoRule) depths.below[*labels / 64] |= bit;
  return {};
}

// Chains of overflowed buckets must end, and soon: a lookup follows them.
Fault check_chains(std::span<const ZoneBucket> buckets) {
  if (auto fault = check_fields(buckets, "zone bucket")) return fault;
  size_t run = 0;
  // Twice around, so that a chain over the end counts whole.
  for (size_t i = 0; i < 2 * buckets.size(); ++i) {
    const ZoneBucket& bucket = buckets[i & (buckets.size() - 1)];
    run = bucket.overflowed == 1 ? run + 1 : 0;
    if (run > kLongestChain || run >= buckets.size())
      return "its zone bucket " + text(i & (buckets.size() - 1)) +
             " is in a chain of overflowed buckets that is too long";
  }
  return {};
}

}  // namespace

Fault check_zones(const ImageHeader& header, std::span<const ZoneBucket> buckets, std::span<const std::byte> nodes,
                  config::ImageRules rules) {
  if (!std::has_single_bit(header.bucket_count))
    return "its number of zone buckets is " + text(header.bucket_count) + ", not a power of two";
  if (header.bucket_count != buckets.size())
    return "its header says " + text(header.bucket_count) + " zone buckets, the section has " + text(buckets.size());
  if (auto fault = check_chains(buckets)) return fault;

  // First every node by itself, so that the lookups behind may follow any reference.
  DepthMasks depths;
  uint64_t count = 0;
  uint64_t size = 0;
  for (size_t b = 0; b < buckets.size(); ++b) {
    for (unsigned slot = 0; slot < buckets[b].used; ++slot) {
      const uint64_t offset = uint64_t{buckets[b].nodes[slot]} * config::kZoneNodeUnit;
      const auto name = [&] { return "its zone node at " + text(offset) + " (bucket " + text(b) + ")"; };
      if (offset + config::zone_node_size(1) > nodes.size()) return name() + " lies outside the section";
      const auto& node = *reinterpret_cast<const ZoneNode*>(nodes.data() + offset);
      const uint64_t node_size = config::zone_node_size(node.name_length);
      if (offset + node_size > nodes.size()) return name() + " lies outside the section";
      if (auto fault = check_node(node, rules, depths)) return name() + *fault;
      ++count;
      size += node_size;
    }
  }
  if (count != header.zone_count)
    return "its header says " + text(header.zone_count) + " zones, its buckets hold " + text(count);
  if (size > nodes.size()) return "its zone nodes take " + text(size) + " bytes, the section has " + text(nodes.size());
  for (unsigned word = 0; word < 2; ++word) {
    if (depths.apex[word] != header.apex_depths[word]) return "its mask of apex depths is not that of its zones";
    if (depths.below[word] != header.below_depths[word]) return "its mask of below depths is not that of its zones";
  }

  // Then that each one is found under its own name: in the right chain, by the right tag, no name twice.
  const ZoneTable table(header, buckets, nodes);
  uint8_t offsets[128];
  for (size_t b = 0; b < buckets.size(); ++b) {
    for (unsigned slot = 0; slot < buckets[b].used; ++slot) {
      const uint64_t offset = uint64_t{buckets[b].nodes[slot]} * config::kZoneNodeUnit;
      const auto& node = *reinterpret_cast<const ZoneNode*>(nodes.data() + offset);
      read_labels(node.name, node.name_length, offsets);
      const uint64_t hash = table.hash_of(node.name, offsets, node.labels);
      if (table.find(hash, node.name, node.name_length) != &node)
        return "its zone node at " + text(offset) + " (bucket " + text(b) + ") is not found under its own name";
    }
  }
  return {};
}

}  // namespace penstock::tables
