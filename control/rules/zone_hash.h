// control/rules/zone_hash.h - the zones of a model as the image's buckets and nodes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/image.h"
#include "config/model.h"

namespace penstock::control {

struct ZoneHash {
  // One name, all entries of it merged.
  struct Node {
    uint32_t entry = 0;  // index into Model::zones, for the name
    config::RuleIndex apex_rule = config::kNoRule;
    config::RuleIndex below_rule = config::kNoRule;
    uint32_t offset = 0;  // in units of kZoneNodeUnit
  };
  std::vector<config::ZoneBucket> buckets;  // a power of two of them
  std::vector<Node> nodes;                  // in the order of their home buckets
  uint64_t nodes_size = 0;                  // bytes
  uint64_t apex_depths[2] = {};
  uint64_t below_depths[2] = {};
};

// The error names a zone, or says that too many names fell into one place: then another key helps.
struct ZoneHashError {
  std::string text;
  bool another_key = false;
};
tl::expected<ZoneHash, ZoneHashError> hash_zones(const config::Model& model, uint64_t hash_key);

// Writes the nodes; `into` has nodes_size zeroed bytes, aligned to 8.
void write_nodes(const ZoneHash& hash, const config::ZoneNames& zones, std::byte* into);

}  // namespace penstock::control
