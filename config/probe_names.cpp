#include "config/probe_names.h"

namespace penstock::config {

bool is_private_elsewhere(const Model& model, const ZoneIndex& index, std::string_view wire_name, uint32_t pool) {
  if (wire_name.size() <= 1) return false;
  const ZoneNames::Entry* entry = index.longest_match(wire_name, true);
  if (entry == nullptr && !model.default_rule) return false;
  const Rule& rule = model.rules[entry != nullptr ? entry->rule : *model.default_rule];
  return rule.is_private && rule.action == Action::forward && rule.pool != pool;
}

std::vector<WireName> probe_names(const Model& model) {
  const ZoneIndex index(model.zones);
  std::vector<WireName> names(model.pools.size());
  size_t open = 0;
  for (uint32_t i = 0; i < model.pools.size(); ++i) {
    const Pool& pool = model.pools[i];
    if (pool.health.name && !is_private_elsewhere(model, index, *pool.health.name, i))
      names[i] = *pool.health.name;
    else if (pool.kind == PoolKind::recursive)
      names[i] = WireName(1, '\0');
    else
      ++open;
  }
  for (const auto& entry : model.zones.entries) {
    if (open == 0) break;
    const Rule& rule = model.rules[entry.rule];
    if (rule.action != Action::forward || !names[rule.pool].empty()) continue;
    // The name above "*.NAME" may be another pool's, and a name in a zone may have a rule of its own.
    if (is_private_elsewhere(model, index, model.zones.name(entry), rule.pool)) continue;
    names[rule.pool] = WireName(model.zones.name(entry));
    --open;
  }
  for (WireName& name : names)
    if (name.empty()) name = WireName(1, '\0');
  return names;
}

}  // namespace penstock::config
