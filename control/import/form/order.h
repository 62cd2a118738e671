// control/import/form/order.h - from the order of a source's zones to one where the longest name decides, as in our YAML.
#pragma once

#include <functional>
#include <unordered_map>

#include "control/import/form/source.h"

namespace penstock::imports {

// The zones of a source by name.
class ZoneFinder {
 public:
  explicit ZoneFinder(const std::vector<Zone>& zones);
  // Zones that the name is in, and for whose clients `wanted` is true: of longer names first, then as written.
  void each(std::string_view wire_name, const std::function<bool(size_t index)>& stop_at) const;
  // Zones of this very name that stand before zone `index`, the nearest first; until `stop_at` is true.
  void each_before(size_t index, const std::function<bool(size_t index)>& stop_at) const;

 private:
  const std::vector<Zone>& zones_;
  std::unordered_map<std::string_view, size_t> by_name_;  // the last zone of a name
  std::vector<size_t> before_;                            // of each zone: another of its name; zones_.size(): none
};

bool covers(const Zone& zone, std::string_view wire_name);
// The zone that decides in the source, for clients of a group ("": of none). Null: none does.
const Zone* deciding_zone(const Source& source, const ZoneFinder& finder, std::string_view wire_name,
                          const std::string& group);
// Indices of the zones that are to be written: without those that an earlier one hides, which is remarked.
std::vector<size_t> zones_in_effect(const Source& source, std::vector<Remark>& remarks);

}  // namespace penstock::imports
