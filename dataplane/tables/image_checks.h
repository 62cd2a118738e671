// dataplane/tables/image_checks.h - what must be true of an image's records before anything follows their
// references.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "config/contract/image.h"
#include "config/contract/image_fields.h"

namespace penstock::tables {

using Fault = std::optional<std::string>;  // one line of English about the image; nullopt: none

// Every field of every record within the range that config/contract/image_fields.h states. `what` names one of them in the fault.
Fault check_fields(std::span<const std::byte> records, size_t record_size, std::span<const config::ImageField> fields,
                   const std::string& what);
template <typename Record>
Fault check_fields(std::span<const Record> records, const std::string& what) {
  return check_fields(std::as_bytes(records), sizeof(Record), config::ImageFields<Record>::kAll, what);
}

// Endpoints belong to pools in order: pool 0 has the first ones, and so on, none left over.
Fault check_pools(config::ImagePools pools, config::ImageEndpoints endpoints);
Fault check_endpoints(config::ImageEndpoints endpoints);
Fault check_prefixes(std::span<const config::ImagePrefix> prefixes);
// A private name goes to no pool but one that holds private names.
Fault check_rules(config::ImageRules rules, config::RuleIndex default_rule, config::ImagePools pools, size_t prefixes,
                  std::span<const config::ImageLocalZone> local_zones, size_t views);
Fault check_header(const config::ImageHeader& header, config::ImagePools pools, config::ImageRules rules);
// The sections of local records.
struct LocalTables {
  std::span<const config::ImageLocalZone> zones;
  std::span<const config::ImageLocalSlot> slots;
  std::span<const config::ImageLocalNode> nodes;
  std::span<const config::ImageLocalSet> sets;
  std::span<const uint8_t> bytes;
};
// Every set's records are whole, every name is found, no chain of slots is longer than kLongestSlotChain.
Fault check_local(const LocalTables& local, uint64_t hash_key);
Fault check_groups(std::span<const config::ImageGroup> groups);
Fault check_clients(std::span<const config::ImageClientsV4> v4, std::span<const config::ImageClientsV6> v6,
                    size_t groups);
// Every node is well formed and found under its own name; no chain of buckets is longer than kLongestChain.
Fault check_zones(const config::ImageHeader& header, std::span<const config::ZoneBucket> buckets,
                  std::span<const std::byte> nodes, config::ImageRules rules);

}  // namespace penstock::tables
