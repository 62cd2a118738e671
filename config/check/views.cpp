#include "config/check/views.h"

#include <algorithm>
#include <map>
#include <set>

#include "config/contract/image.h"

namespace penstock::config {
namespace {

using Entry = ZoneNames::Entry;

bool passes_on(const Rule& rule) {
  return !rule.clients.empty() && rule.otherwise == Otherwise::next;
}

bool decides(const Entry& entry, bool is_apex) {
  return entry.scope == Scope::zone || (entry.scope == Scope::name) == is_apex;
}

// Of one name, in the order in which they count.
std::vector<const Entry*> in_order(std::vector<const Entry*> entries, bool is_apex) {
  std::erase_if(entries, [&](const Entry* entry) { return !decides(*entry, is_apex); });
  std::stable_partition(entries.begin(), entries.end(), [](const Entry* entry) { return entry->scope != Scope::zone; });
  return entries;
}

std::string zone_text(const Model& model, const Entry& entry) {
  return (entry.scope == Scope::below ? "*." : "") + to_text(model.zones.name(entry));
}

std::string line_text(const Model& model, const Where& where, uint32_t seen_from) {
  const std::string line = "line " + std::to_string(where.line);
  return where.file == seen_from ? line : line + " of " + model.files[where.file];
}

std::string origin_of(const Model& model, const Entry& entry) {
  return entry.where.file == 0 ? model.rules[entry.rule].origin : "";
}

// Why no client gets to the entry behind those before it, which are of its name and scope; empty: some do.
std::string hidden_by(const Model& model, const std::vector<const Entry*>& before, const Entry& entry) {
  const Rule& rule = model.rules[entry.rule];
  std::set<uint32_t> taken;
  for (const Entry* other : before) {
    const Rule& theirs = model.rules[other->rule];
    const std::string line = line_text(model, other->where, entry.where.file);
    if (theirs.clients.empty()) return " already has an entry on " + line + ": keep one, or write 'clients:' there";
    if (!passes_on(theirs))
      return " already has an entry on " + line +
             ", where clients of other groups are refused: write 'otherwise: next' there";
    taken.insert(theirs.clients.begin(), theirs.clients.end());
    if (rule.clients == theirs.clients) return " already has an entry on " + line + ", for the same clients: keep one";
  }
  if (!rule.clients.empty() && std::includes(taken.begin(), taken.end(), rule.clients.begin(), rule.clients.end()))
    return " already has entries for all of these clients before this one: remove it";
  return {};
}

void check_order(ModelReader& reader, const std::vector<const Entry*>& entries) {
  const Model& model = reader.model;
  if (entries.size() > kMostRulesOfName) {
    const Entry& first = *entries[kMostRulesOfName];
    reader.findings.error(first.where, origin_of(model, first),
                          zone_text(model, first) + " has more than " + std::to_string(kMostRulesOfName) + " entries");
    return;
  }
  for (const Scope scope : {Scope::name, Scope::zone, Scope::below}) {
    std::vector<const Entry*> before;
    for (const Entry* entry : entries) {
      if (entry->scope != scope) continue;
      if (std::string why = hidden_by(model, before, *entry); !why.empty())
        reader.findings.error(entry->where, origin_of(model, *entry), zone_text(model, *entry) + why);
      before.push_back(entry);
    }
  }
  const auto find = [&](Scope scope) {
    return std::find_if(entries.begin(), entries.end(), [&](const Entry* entry) {
      return entry->scope == scope && model.rules[entry->rule].clients.empty();
    });
  };
  const auto zone = find(Scope::zone);
  const auto below = find(Scope::below);
  if (zone == entries.end() || below == entries.end()) return;
  const Entry& last = **std::max(zone, below);
  const Entry& first = **std::min(zone, below);
  reader.findings.error(last.where, origin_of(model, last),
                        zone_text(model, last) + " and " + zone_text(model, first) + " on " +
                            line_text(model, first.where, last.where.file) +
                            " both claim the names below: write 'name: " + to_text(model.zones.name(last)) +
                            "' for the name itself");
}

// Fail closed: a name that is private for some is asked of no pool that is not by others.
void check_private(ModelReader& reader, const ZoneIndex& index, const Entry& entry) {
  const Model& model = reader.model;
  const Rule& rule = model.rules[entry.rule];
  if (!rule.is_private || !passes_on(rule)) return;
  const bool is_apex = entry.scope == Scope::name;
  const auto rules = rules_of(model, index, model.zones.name(entry), is_apex);
  const auto own = std::find(rules.begin(), rules.end(), &rule);
  const auto open = std::find_if(own, rules.end(),
                                 [](const Rule* next) { return !next->is_private && next->action == Action::forward; });
  if (own == rules.end() || open == rules.end()) return;
  const std::string target =
      "pool '" + model.pools[(*open)->pool].name + "'" +
      ((*open)->where.line == 0 ? "" : " on " + line_text(model, (*open)->where, entry.where.file));
  reader.findings.error(entry.where, origin_of(model, entry),
                        zone_text(model, entry) +
                            " is private, and 'otherwise: next' would send the queries of other "
                            "clients for its names to " +
                            target + ", which is not: write 'otherwise: refuse', or an entry for them before that");
}

}  // namespace

bool has_views(const Model& model) {
  return std::any_of(model.rules.begin(), model.rules.end(), [](const Rule& rule) { return !rule.clients.empty(); });
}

std::vector<const Entry*> entries_of(const Model& model, const ZoneIndex& index, std::string_view wire_name,
                                     bool is_apex) {
  std::vector<const Entry*> found;
  for (;;) {
    for (const Entry* entry : in_order(index.all(wire_name), is_apex)) {
      found.push_back(entry);
      if (!passes_on(model.rules[entry->rule])) return found;
    }
    if (wire_name.size() <= 1) return found;
    wire_name.remove_prefix(static_cast<uint8_t>(wire_name.front()) + 1U);
    is_apex = false;
  }
}

std::vector<const Rule*> rules_of(const Model& model, const ZoneIndex& index, std::string_view wire_name,
                                  bool is_apex) {
  std::vector<const Rule*> rules;
  for (const Entry* entry : entries_of(model, index, wire_name, is_apex)) rules.push_back(&model.rules[entry->rule]);
  if (model.default_rule && (rules.empty() || passes_on(*rules.back())))
    rules.push_back(&model.rules[*model.default_rule]);
  return rules;
}

void check_views(ModelReader& reader, const ZoneIndex& index) {
  if (!has_views(reader.model)) return;
  index.each_repeated([&](const std::vector<const Entry*>& entries) {
    const auto& rules = reader.model.rules;
    // Where no entry has a view the usual words are said of it.
    if (std::any_of(entries.begin(), entries.end(),
                    [&](const Entry* entry) { return !rules[entry->rule].clients.empty(); }))
      check_order(reader, entries);
  });
  if (reader.findings.has_error()) return;
  size_t told = 0;
  for (const Entry& entry : reader.model.zones.entries) {
    const bool had_error = reader.findings.has_error();
    check_private(reader, index, entry);
    if (!had_error && reader.findings.has_error() && ++told == kMaxFindingsInYaml) return;
  }
}

void link_views(Model& model) {
  if (!has_views(model)) return;
  std::vector<uint32_t> names_of_rule(model.rules.size());
  for (const Entry& entry : model.zones.entries) ++names_of_rule[entry.rule];
  std::map<std::pair<uint32_t, uint32_t>, uint32_t> doubles;  // of a rule, by its next
  const auto link = [&](const Entry& from, uint32_t next) {
    Entry& entry = model.zones.entries[static_cast<size_t>(&from - model.zones.entries.data())];
    Rule& rule = model.rules[entry.rule];
    if (rule.next == next) return;
    if (names_of_rule[entry.rule] == 1) {
      rule.next = next;
      return;
    }
    const auto [known, is_new] = doubles.try_emplace({entry.rule, next}, static_cast<uint32_t>(model.rules.size()));
    if (is_new) {
      Rule doubled = rule;
      doubled.next = next;
      model.rules.push_back(std::move(doubled));
      names_of_rule.push_back(2);
    }
    entry.rule = known->second;
  };
  ZoneIndex(model.zones).each_repeated([&](const std::vector<const Entry*>& entries) {
    // From the last one on: each must know which rule its next one ends up with.
    for (const bool is_apex : {true, false}) {
      const auto ordered = in_order(entries, is_apex);
      for (size_t i = ordered.size(); i-- > 1;)
        if (passes_on(model.rules[ordered[i - 1]->rule])) link(*ordered[i - 1], ordered[i]->rule);
    }
  });
}

}  // namespace penstock::config
