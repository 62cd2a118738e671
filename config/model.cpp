#include "config/model.h"

#include <algorithm>

namespace penstock::config {

void ZoneNames::add(std::string_view wire_name, Scope scope, uint32_t rule, Where where) {
  entries.push_back(
      {static_cast<uint32_t>(bytes.size()), rule, where, static_cast<uint8_t>(wire_name.size()), scope});
  bytes.append(wire_name);
}

WireName probe_name(const Model& model, uint32_t pool) {
  const Pool& asked = model.pools[pool];
  if (asked.health.name) return *asked.health.name;
  // A `recursive` pool is asked for the root: its zones may be anybody's, and away while the server is well.
  if (asked.kind == PoolKind::recursive) return WireName(1, '\0');
  const auto first =
      std::find_if(model.zones.entries.begin(), model.zones.entries.end(), [&](const auto& entry) {
        const Rule& rule = model.rules[entry.rule];
        return rule.action == Action::forward && rule.pool == pool;
      });
  return first == model.zones.entries.end() ? WireName(1, '\0') : WireName(model.zones.name(*first));
}

}  // namespace penstock::config
