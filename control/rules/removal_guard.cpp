#include "control/rules/removal_guard.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <string_view>

namespace penstock::control {
namespace {

using config::Action;
using config::Model;
using config::Rule;
using config::Scope;
using Entry = config::ZoneNames::Entry;

constexpr uint32_t kNone = 0xffffffff;

// Which entry decides for a name itself and for the names below it; narrower scopes win over Scope::zone.
struct Deciders {
  uint32_t apex = kNone;
  uint32_t below = kNone;
};

class Zones {
 public:
  explicit Zones(const Model& model) : model_(model), slots_(std::bit_ceil(model.zones.entries.size() * 2 + 1)) {
    for (uint32_t i = 0; i < model.zones.entries.size(); ++i) {
      const Entry& entry = model.zones.entries[i];
      Slot& at = slots_[index_of(model.zones.name(entry))];
      at.entry = i;
      if (entry.scope != Scope::below && is_better(i, at.deciders.apex)) at.deciders.apex = i;
      if (entry.scope != Scope::name && is_better(i, at.deciders.below)) at.deciders.below = i;
    }
  }

  // Both kNone when the name has no entry.
  const Deciders& find(std::string_view name) const { return slots_[index_of(name)].deciders; }

  struct Decision {
    const Rule* rule = nullptr;  // nullptr: REFUSED, there is no default
    bool own = false;            // by an entry of this very name
  };

  Decision for_apex(std::string_view name) const {
    if (const Deciders& at = find(name); at.apex != kNone) return {rule_of(at.apex), true};
    if (name.size() <= 1) return {default_rule(), false};
    return {for_below(parent(name)).rule, false};
  }

  Decision for_below(std::string_view name) const {
    for (bool own = true;; own = false, name = parent(name)) {
      if (const Deciders& at = find(name); at.below != kNone) return {rule_of(at.below), own};
      if (name.size() <= 1) return {default_rule(), false};
    }
  }

  // Some entry of this name or above it is private, or the default is.
  bool inside_private(std::string_view name) const {
    for (;; name = parent(name)) {
      const Deciders& at = find(name);
      if ((at.apex != kNone && rule_of(at.apex)->is_private) || (at.below != kNone && rule_of(at.below)->is_private))
        return true;
      if (name.size() <= 1) return default_rule() != nullptr && default_rule()->is_private;
    }
  }

  const Rule* default_rule() const { return model_.default_rule ? &model_.rules[*model_.default_rule] : nullptr; }

 private:
  // Of several entries of a name, each for other clients, a private one stands for all.
  bool is_better(uint32_t entry, uint32_t than) const {
    if (than == kNone) return true;
    const bool is_narrow = model_.zones.entries[entry].scope != Scope::zone;
    if (is_narrow != (model_.zones.entries[than].scope != Scope::zone)) return is_narrow;
    return rule_of(entry)->is_private && !rule_of(than)->is_private;
  }
  static std::string_view parent(std::string_view name) { return name.substr(static_cast<uint8_t>(name[0]) + 1U); }
  const Rule* rule_of(uint32_t entry) const { return &model_.rules[model_.zones.entries[entry].rule]; }

  // Open addressing at half load: a million small allocations would cost more than all the rest.
  struct Slot {
    uint32_t entry = kNone;  // any one of the name, kNone: free
    Deciders deciders;
  };
  // The name's slot, or the free one where it would go.
  size_t index_of(std::string_view name) const {
    const size_t mask = slots_.size() - 1;
    size_t at = XXH3_64bits(name.data(), name.size()) & mask;
    while (slots_[at].entry != kNone && model_.zones.name(model_.zones.entries[slots_[at].entry]) != name)
      at = (at + 1) & mask;
    return at;
  }

  const Model& model_;
  std::vector<Slot> slots_;
};

std::string target(const Model& model, const Rule* rule) {
  if (rule == nullptr || rule->action == Action::refused) return "be refused";
  if (rule->action == Action::nxdomain) return "be answered NXDOMAIN";
  if (rule->action == Action::nodata) return "be answered NODATA";
  if (rule->action == Action::records) return "be answered from local records";
  if (rule->action == Action::addresses) return "be answered with addresses of the configuration";
  return "go to pool " + model.pools[rule->pool].name;
}

const char* kind_name(config::PoolKind kind) {
  return kind == config::PoolKind::route53_inbound ? "route53-inbound" : "recursive";
}

// What a private rule's names would lose under the new decision; nullopt: nothing.
std::optional<std::string> loss(const Model& running, const Rule& before, const Model& next, Zones::Decision after) {
  const auto same_pool = [&] {
    return after.rule->action == before.action &&
           (before.action != Action::forward || next.pools[after.rule->pool].name == running.pools[before.pool].name);
  };
  if (!after.own && (after.rule == nullptr || !after.rule->is_private || !same_pool()))
    return "is removed: its names would " + target(next, after.rule);
  if (!after.rule->is_private) return "is no longer private: its names would " + target(next, after.rule);
  if (before.action != Action::forward || after.rule->action != Action::forward) return {};
  const auto &from = running.pools[before.pool], &to = next.pools[after.rule->pool];
  if (from.kind == to.kind) return {};
  return std::string("moves from pool ") + from.name + " (" + kind_name(from.kind) + ") to pool " + to.name + " (" +
         kind_name(to.kind) + ")";
}

bool any_private(const Model& model) {
  return std::any_of(model.rules.begin(), model.rules.end(), [](const Rule& rule) { return rule.is_private; });
}

// Declared so, or of no use to rules that are not.
bool is_private(const Model& model, uint32_t pool) {
  const auto used = [&](bool by_private) {
    return std::any_of(model.rules.begin(), model.rules.end(), [=](const Rule& rule) {
      return rule.is_private == by_private && rule.action == Action::forward && rule.pool == pool;
    });
  };
  return model.pools[pool].is_private || (used(true) && !used(false));
}

void add(Removals& removals, const std::string& name, const std::string& what) {
  if (removals.count++ < kRemovalsShown) removals.items.push_back({name, what});
}

// Entries of `next` that take names out of what private entries above them decide now.
void compare_new(const Model& running, const Zones& before, const Model& next, const Zones& after, Removals& removals) {
  for (uint32_t i = 0; i < next.zones.entries.size(); ++i) {
    const Entry& entry = next.zones.entries[i];
    const std::string_view name = next.zones.name(entry);
    const Deciders& decider = after.find(name);
    const Zones::Decision now{&next.rules[entry.rule], true};
    // Where the running rules have an entry of this very name, compare_zones() has looked at it.
    const auto hole = [&](const Zones::Decision& then) -> std::optional<std::string> {
      if (then.own || then.rule == nullptr || !then.rule->is_private) return {};
      if (!loss(running, *then.rule, next, now)) return {};
      return "is new, out of what is private now: its names would " + target(next, now.rule);
    };
    std::optional<std::string> apex, below;
    if (decider.apex == i) apex = hole(before.for_apex(name));
    if (decider.below == i) below = hole(before.for_below(name));
    if (!apex && !below) continue;
    const std::string text = config::to_text(name);
    if (apex)
      add(removals, text + (below || decider.below != i ? "" : " (the name itself)"), *apex);
    else
      add(removals, "*." + text, *below);
  }
}

// Private pools that would have nothing but addresses of pools that are not.
void compare_pools(const Model& running, const Model& next, Removals& removals) {
  std::map<config::IpAddress, std::string_view> foreign;
  for (const Model* model : {&running, &next})
    for (uint32_t i = 0; i < model->pools.size(); ++i)
      if (!is_private(*model, i))
        for (const config::Endpoint& endpoint : model->pools[i].endpoints)
          foreign.emplace(endpoint.address, model->pools[i].name);
  const auto all_foreign = [&](const config::Pool& pool) {
    return !pool.endpoints.empty() &&
           std::all_of(pool.endpoints.begin(), pool.endpoints.end(),
                       [&](const config::Endpoint& endpoint) { return foreign.contains(endpoint.address); });
  };
  for (uint32_t i = 0; i < running.pools.size(); ++i) {
    const config::Pool& was = running.pools[i];
    if (!is_private(running, i) || all_foreign(was)) continue;
    for (const config::Pool& pool : next.pools)
      if (pool.name == was.name && all_foreign(pool))
        add(removals, "pool " + pool.name,
            "is private and would have only addresses of pool " +
                std::string(foreign.at(pool.endpoints.front().address)) + ", which is not");
  }
}

void compare_zones(const Model& running, const Model& next, Removals& removals) {
  if (!any_private(running)) return;

  const Zones before(running);
  const Zones after(next);
  for (uint32_t i = 0; i < running.zones.entries.size(); ++i) {
    const Entry& entry = running.zones.entries[i];
    const Rule& rule = running.rules[entry.rule];
    if (!rule.is_private) continue;
    const std::string_view name = running.zones.name(entry);
    const Deciders& decider = before.find(name);
    std::optional<std::string> apex, below;
    if (decider.apex == i) apex = loss(running, rule, next, after.for_apex(name));
    if (decider.below == i) below = loss(running, rule, next, after.for_below(name));
    if (!apex && !below) continue;
    const std::string text = config::to_text(name);
    if (apex && below && *apex != *below) {
      add(removals, text, "(the name itself) " + *apex);
      add(removals, "*." + text, *below);
    } else if (apex) {
      add(removals, text, (below || decider.below != i ? "" : "(the name itself) ") + *apex);
    } else {
      add(removals, "*." + text, *below);
    }
  }
  compare_new(running, before, next, after, removals);
  if (running.default_rule && running.rules[*running.default_rule].is_private)
    if (auto lost = loss(running, running.rules[*running.default_rule], next,
                         {after.default_rule(), after.default_rule() != nullptr}))
      add(removals, "default", *lost);
}

using ByFile = std::map<std::string, size_t>;

void compare_files(const ByFile& running, const ByFile& next, Removals& removals) {
  for (const auto& [file, count] : running) {
    const auto found = next.find(file);
    const size_t left = found == next.end() ? 0 : found->second;
    if (left * 2 < count)
      add(removals, file, "shrinks from " + std::to_string(count) + " to " + std::to_string(left) + " zones");
  }
}

Removals compare(const Model& running, const ByFile& names_by_file, const Model& next) {
  Removals removals;
  compare_files(names_by_file, names_by_zones_file(next), removals);
  compare_zones(running, next, removals);
  compare_pools(running, next, removals);
  return removals;
}

}  // namespace

Removals find_removals(const Model& running, const Model& next) {
  return compare(running, names_by_zones_file(running), next);
}

Removals find_removals(const AcceptedZones& accepted, const Model& next) {
  return compare(accepted.model, accepted.names_by_file, next);
}

// The YAML itself (file 0) is not a zones_file.
std::map<std::string, size_t> names_by_zones_file(const Model& model) {
  std::vector<size_t> counts(model.files.size());
  for (const auto& entry : model.zones.entries)
    if (entry.where.file < counts.size()) ++counts[entry.where.file];
  ByFile by_name;
  for (size_t i = 1; i < counts.size(); ++i) by_name[model.files[i]] += counts[i];
  return by_name;
}

std::vector<uint32_t> entries_that_guard(const Model& model) {
  std::vector<uint32_t> kept;
  if (!any_private(model)) return kept;
  const Zones zones(model);
  for (uint32_t i = 0; i < model.zones.entries.size(); ++i) {
    const Entry& entry = model.zones.entries[i];
    if (model.rules[entry.rule].is_private || zones.inside_private(model.zones.name(entry))) kept.push_back(i);
  }
  return kept;
}

std::string to_text(const Removals& removals) {
  std::string text;
  for (const auto& item : removals.items) text += item.name + " " + item.what + "\n";
  if (removals.count > removals.items.size())
    text += "and " + std::to_string(removals.count - removals.items.size()) + " more\n";
  return text;
}

}  // namespace penstock::control
