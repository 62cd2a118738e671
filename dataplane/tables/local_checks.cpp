#include <algorithm>
#include <bit>
#include <cstring>

#include "config/contract/suffix_hash.h"
#include "dataplane/dns/records.h"
#include "dataplane/tables/image_checks.h"
#include "dataplane/tables/local_records.h"

namespace penstock::tables {
namespace {

using config::ImageLocalNode;
using config::ImageLocalSet;
using config::ImageLocalSlot;
using config::ImageLocalZone;
using config::kNoNode;

constexpr unsigned kRecordHead = 10;  // type, class, TTL, length of data

std::string text(uint64_t number) {
  return std::to_string(number);
}

// Its records fill it exactly and are of its type; a CNAME's data are one whole name, addresses have their length.
Fault check_set(const ImageLocalSet& set, std::span<const uint8_t> bytes) {
  if (set.data > bytes.size() || set.size > bytes.size() - set.data) return " lies outside the section";
  if (set.count == 0) return " has no record";
  if (set.type == 0 || set.type == dns::kTypeOpt || set.type == dns::kTypeAny) return " is of type " + text(set.type);
  const std::span<const uint8_t> data = bytes.subspan(set.data, set.size);
  size_t at = 0;
  for (unsigned i = 0; i < set.count; ++i) {
    if (data.size() - at < kRecordHead) return " ends inside record " + text(i);
    const uint8_t* head = &data[at];
    const unsigned length = dns::load16(head + 8);
    if (dns::load16(head) != set.type || dns::load16(head + 2) != 1)
      return " has a record of another type or class: " + text(i);
    if (data.size() - at - kRecordHead < length) return " ends inside record " + text(i);
    if ((set.type == dns::kTypeA && length != 4) || (set.type == dns::kTypeAaaa && length != 16))
      return " has an address of " + text(length) + " octets";
    at += kRecordHead + length;
  }
  if (at != data.size()) return " has " + text(data.size() - at) + " octets behind its records";
  if (set.type != dns::kTypeCname) return {};
  dns::FoldedName target;
  if (set.count != 1) return " has " + text(set.count) + " CNAMEs";
  if (!dns::parse_name(data.subspan(kRecordHead), target) || target.length != data.size() - kRecordHead)
    return " has a CNAME to a malformed name";
  return {};
}

Fault check_node(const LocalTables& local, const ImageLocalNode& node, std::span<const uint8_t> name) {
  if (node.zone >= local.zones.size())
    return " is of local zone " + text(node.zone) + ", the image has " + text(local.zones.size());
  if (node.first > local.sets.size() || node.sets > local.sets.size() - node.first)
    return " has sets up to " + text(uint64_t{node.first} + node.sets) + ", the image has " + text(local.sets.size());
  for (unsigned i = 1; i < node.sets; ++i)
    if (local.sets[node.first + i - 1].type >= local.sets[node.first + i].type)
      return " has sets that are not in order";
  if (name.empty()) return node.wildcard == kNoNode ? Fault() : " has a wildcard but no name";
  dns::FoldedName folded;
  if (!dns::parse_name(name, folded) || folded.length != name.size() ||
      std::memcmp(folded.bytes, name.data(), name.size()) != 0)
    return " has a malformed name";
  if (folded.labels != node.labels)
    return " says " + text(node.labels) + " labels, its name has " + text(folded.labels);
  if (node.labels > local.zones[node.zone].deepest) return " is deeper than its zone says";
  if (node.wildcard == kNoNode) return {};
  if (node.wildcard >= local.nodes.size())
    return " has node " + text(node.wildcard) + " for its wildcard, the image has " + text(local.nodes.size());
  const ImageLocalNode& wildcard = local.nodes[node.wildcard];
  const bool is_its = wildcard.zone == node.zone && wildcard.name_length == name.size() + 2 &&
                      wildcard.name <= local.bytes.size() &&
                      local.bytes.size() - wildcard.name >= wildcard.name_length &&
                      std::memcmp(&local.bytes[wildcard.name], "\1*", 2) == 0 &&
                      std::memcmp(&local.bytes[wildcard.name] + 2, name.data(), name.size()) == 0;
  return is_its ? Fault() : " has node " + text(node.wildcard) + " for its wildcard, which has another name";
}

Fault check_slots(std::span<const ImageLocalSlot> slots, size_t nodes, size_t named) {
  if (!slots.empty() && !std::has_single_bit(slots.size()))
    return "its number of local slots is " + text(slots.size()) + ", not a power of two";
  size_t used = 0;
  for (const ImageLocalSlot& slot : slots) {
    if (slot.node == kNoNode) continue;
    ++used;
    if (slot.node >= nodes) return "a local slot has node " + text(slot.node) + ", the image has " + text(nodes);
  }
  if (used != named) return text(used) + " of its local slots are taken, " + text(named) + " local nodes have a name";
  size_t run = 0;
  for (size_t i = 0; i < 2 * slots.size(); ++i) {
    run = slots[i & (slots.size() - 1)].node != kNoNode ? run + 1 : 0;
    if (run > kLongestSlotChain || run >= slots.size()) return "a chain of its local slots is too long";
  }
  return {};
}

}  // namespace

Fault check_local(const LocalTables& local, uint64_t hash_key) {
  if (auto fault = check_fields(local.sets, "local set")) return fault;
  if (auto fault = check_fields(local.zones, "local zone")) return fault;
  if (auto fault = check_fields(local.nodes, "local node")) return fault;
  for (size_t i = 0; i < local.sets.size(); ++i)
    if (auto fault = check_set(local.sets[i], local.bytes)) return "its local set " + text(i) + *fault;
  for (size_t i = 0; i < local.zones.size(); ++i) {
    const ImageLocalZone& zone = local.zones[i];
    const std::string name = "its local zone " + text(i);
    if (zone.soa >= local.sets.size() || local.sets[zone.soa].type != dns::kTypeSoa || local.sets[zone.soa].count != 1)
      return name + " has no SOA at set " + text(zone.soa);
    if (zone.node != kNoNode && zone.node >= local.nodes.size())
      return name + " has node " + text(zone.node) + ", the image has " + text(local.nodes.size());
  }
  size_t named = 0;
  const auto name_of = [&](const ImageLocalNode& node) { return local.bytes.subspan(node.name, node.name_length); };
  for (size_t i = 0; i < local.nodes.size(); ++i) {
    const ImageLocalNode& node = local.nodes[i];
    if (node.name > local.bytes.size() || node.name_length > local.bytes.size() - node.name)
      return "the name of its local node " + text(i) + " lies outside the section";
    if (auto fault = check_node(local, node, name_of(node))) return "its local node " + text(i) + *fault;
    named += node.name_length != 0 ? 1 : 0;
  }
  if (auto fault = check_slots(local.slots, local.nodes.size(), named)) return fault;
  const LocalRecords records(hash_key, local.zones, local.slots, local.nodes, local.sets, local.bytes);
  for (size_t i = 0; i < local.nodes.size(); ++i) {
    const ImageLocalNode& node = local.nodes[i];
    if (node.name_length == 0) continue;
    const auto name = name_of(node);
    const uint64_t hash = config::hash_of_name({reinterpret_cast<const char*>(name.data()), name.size()}, hash_key);
    if (records.find(node.zone, name.data(), node.name_length, hash) != &node)
      return "its local node " + text(i) + " is not found under its own name";
  }
  return {};
}

}  // namespace penstock::tables
