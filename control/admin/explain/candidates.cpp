#include "control/admin/explain/candidates.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "config/check/zone_index.h"
#include "control/admin/reports.h"

namespace penstock::control {
namespace {

using config::Scope;
using nlohmann::json;
using Entry = config::ZoneNames::Entry;

bool is_or_above(std::string_view zone, std::string_view name) {
  while (name.size() > zone.size()) name.remove_prefix(static_cast<uint8_t>(name.front()) + 1U);
  return name == zone;
}

std::string zone_text(std::string_view name, Scope scope) {
  return (scope == Scope::below ? "*." : "") + config::to_text(name);
}

bool is_for(const config::Rule& rule, uint16_t group) {
  return rule.clients.empty() ||
         std::any_of(rule.clients.begin(), rule.clients.end(), [&](uint32_t one) { return group == one + 1; });
}

// "group corp", "groups corp, guests"
std::string group_names(const config::Model& model, const config::Rule& rule) {
  std::string text;
  for (const uint32_t group : rule.clients) text += (text.empty() ? "" : ", ") + model.clients.groups[group].name;
  return (rule.clients.size() == 1 ? "group " : "groups ") + text;
}

std::string deed(const config::Model& model, const config::Rule& rule) {
  if (rule.action == config::Action::forward) return "pool " + model.pools[rule.pool].name;
  return std::string("answer ") + action_text(rule.action);
}

json described(const config::Model& model, const config::Rule& rule, const std::string& zone, config::Where where) {
  json clients = json::array();
  for (const uint32_t group : rule.clients) clients.push_back(model.clients.groups[group].name);
  const bool is_written = where.line != 0 && where.file < model.files.size();
  return {{"zone", zone},
          {"origin", rule.origin},
          {"file", is_written ? model.files[where.file] : ""},
          {"line", is_written ? where.line : 0},
          {"does", deed(model, rule)},
          {"clients", clients}};
}

// The entries that match, in the order in which they count (config/check/views.h), and those of the name itself that do not apply to it.
std::vector<const Entry*> matching(const config::Model& model, const config::WireName& name) {
  const config::ZoneIndex index(model.zones,
                                [&](const Entry& entry) { return is_or_above(model.zones.name(entry), name); });
  std::vector<const Entry*> found;
  for (std::string_view rest = name;; rest.remove_prefix(static_cast<uint8_t>(rest.front()) + 1U)) {
    std::vector<const Entry*> entries = index.all(rest);
    const bool is_name = rest.size() == name.size();
    std::erase_if(entries, [&](const Entry* entry) { return !is_name && entry->scope == Scope::name; });
    std::stable_partition(entries.begin(), entries.end(),
                          [](const Entry* entry) { return entry->scope != Scope::zone; });
    found.insert(found.end(), entries.begin(), entries.end());
    if (rest.size() <= 1) return found;
  }
}

class Contest {
 public:
  Contest(const config::Model& model, const config::WireName& name, const config::Found& found)
      : model_(model), name_(name), found_(found) {}

  void enter(const Entry& entry) {
    const std::string_view zone = model_.zones.name(entry);
    const config::Rule& rule = model_.rules[entry.rule];
    json row = described(model_, rule, zone_text(zone, entry.scope), entry.where.line != 0 ? entry.where : rule.where);
    if (entry.scope == Scope::below && zone.size() == name_.size())
      return put(std::move(row), "does not apply", "it is for the names below");
    const bool is_winner = winner_.empty() && entry.rule == found_.rule.value() && zone.size() == found_.matched_length;
    judge(std::move(row), rule, is_winner, entry.scope);
  }
  void enter_default(const config::Rule& rule) {
    const bool is_winner = winner_.empty() && found_.matched_length == 0 && found_.rule.value() == *model_.default_rule;
    json row = described(model_, rule, "default", rule.where);
    if (is_winner) return put(std::move(row), "wins", "no zone has the name" + aside());
    put(std::move(row), "loses", "it is for names that no zone has");
  }
  json rows() { return std::move(rows_); }

 private:
  void judge(json row, const config::Rule& rule, bool is_winner, Scope scope) {
    if (is_winner) {
      winner_ = row["zone"].get<std::string>();
      if (found_.is_left_out != 0)
        return put(std::move(row), "wins", "and refuses this client: the zone is for " + group_names(model_, rule));
      const bool is_exact = found_.is_apex != 0;
      return put(std::move(row), "wins",
                 (is_exact ? scope == Scope::name ? "it is the name itself" : "it is the zone's own name"
                           : "it is the longest zone that has the name") +
                     aside());
    }
    if (!is_for(rule, found_.group)) {
      passed_ = true;
      return put(std::move(row), winner_.empty() ? "passed on" : "loses", "it is for " + group_names(model_, rule));
    }
    if (winner_.empty()) return put(std::move(row), "passed on", "the dataplane has another rule for this client");
    put(std::move(row), "loses", winner_ == row["zone"] ? "an entry before it has the name" : winner_ + " is longer");
  }
  // Others of its name, or longer ones, were passed on.
  std::string aside() const { return passed_ ? "; those before it are for others" : ""; }
  void put(json row, const char* outcome, const std::string& why) {
    row["outcome"] = outcome;
    row["why"] = why;
    rows_.push_back(std::move(row));
  }

  const config::Model& model_;
  const config::WireName& name_;
  const config::Found& found_;
  std::string winner_;
  bool passed_ = false;
  json rows_ = json::array();
};

}  // namespace

json candidates(const config::Model& model, const config::WireName& name, const config::Found& found) {
  Contest contest(model, name, found);
  for (const Entry* entry : matching(model, name)) contest.enter(*entry);
  if (model.default_rule) contest.enter_default(model.rules[*model.default_rule]);
  return contest.rows();
}

}  // namespace penstock::control
