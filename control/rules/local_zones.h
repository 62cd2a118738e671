// control/rules/local_zones.h - what rules answer by themselves, as sections of the image.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/image.h"
#include "config/model.h"

namespace penstock::control {

struct LocalZones {
  std::vector<config::ImageLocalZone> zones;
  std::vector<config::ImageLocalSlot> slots;  // a power of two of them, or none
  std::vector<config::ImageLocalNode> nodes;
  std::vector<config::ImageLocalSet> sets;
  std::vector<uint8_t> bytes;
  std::vector<uint32_t> zone_of_rule;  // index into zones; 0 for rules that have none
};

// The error is the first fault in the records.
tl::expected<LocalZones, std::string> lay_out_local_zones(const config::Model& model, uint64_t hash_key);

}  // namespace penstock::control
