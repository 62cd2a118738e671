#include "config/check/probe_names.h"

#include "config/check/views.h"

namespace penstock::config {

bool is_private_elsewhere(const Model& model, const ZoneIndex& index, std::string_view wire_name, uint32_t pool) {
  if (wire_name.size() <= 1) return false;
  // For some clients it may be another pool's than for others: then each of these may see it.
  bool is_private = false;
  for (const Rule* rule : rules_of(model, index, wire_name, true)) {
    if (rule->action != Action::forward) continue;
    if (rule->pool == pool) return false;
    is_private = is_private || rule->is_private;
  }
  return is_private;
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
  const WireName with_letters = *parse_name(kProbeWithLetters);
  for (uint32_t i = 0; i < model.pools.size(); ++i)
    if (model.pools[i].randomise_case && !model.pools[i].health.name && names[i].size() == 1 &&
        !is_private_elsewhere(model, index, with_letters, i))
      names[i] = with_letters;
  return names;
}

}  // namespace penstock::config
