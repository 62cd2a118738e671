#include "control/changes/rule_changes.h"

#include <algorithm>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include "control/changes/host_settings.h"
#include "control/changes/named_settings.h"

namespace penstock::control {
namespace {

using config::Model;
using Entry = config::ZoneNames::Entry;

class Collector {
 public:
  Collector(const char* name, size_t most) : most_(most) { section_.name = name; }
  // `details` is asked only for what is shown: there may be a million.
  template <typename Name, typename Details>
  void add(ChangeKind kind, const Name& name, const Details& details) {
    ++section_.counts[static_cast<size_t>(kind)];
    if (section_.changes.size() < most_) section_.changes.push_back({kind, name(), details()});
  }
  Section take() { return std::move(section_); }

 private:
  size_t most_;
  Section section_;
};

std::vector<std::string> as_line(const std::vector<Setting>& settings) {
  std::string text = in_words(settings);
  if (text.empty()) return {};
  return {std::move(text)};
}

Section compare(const char* section, const std::vector<Named>& before, const std::vector<Named>& next, size_t most) {
  Collector found(section, most);
  const auto find_in = [](const std::vector<Named>& list, const std::string& name) {
    return std::find_if(list.begin(), list.end(), [&](const Named& other) { return other.name == name; });
  };
  for (const Named& now : next) {
    const auto name = [&] { return now.name; };
    const auto was = find_in(before, now.name);
    if (was == before.end())
      found.add(ChangeKind::added, name, [&] { return as_line(now.settings); });
    else if (auto lines = differences(was->settings, now.settings); !lines.empty())
      found.add(ChangeKind::changed, name, [&] { return std::move(lines); });
  }
  for (const Named& was : before)
    if (find_in(next, was.name) == next.end())
      found.add(
          ChangeKind::removed, [&] { return was.name; }, [&] { return as_line(was.settings); });
  return found.take();
}

Section compare_settings(const Model& before, const Model& next, size_t most) {
  Collector found("settings", most);
  const std::vector<Setting> was = other_settings(before), now = other_settings(next);
  for (size_t i = 0; i < now.size(); ++i)
    if (was[i] != now[i])
      found.add(
          ChangeKind::changed, [&] { return now[i].key; }, [&] { return differences({was[i]}, {now[i]}); });
  const std::vector<HostSetting> host_was = host_settings(before), host_now = host_settings(next);
  for (size_t i = 0; i < host_now.size(); ++i)
    if (host_was[i] != host_now[i])
      found.add(
          ChangeKind::changed, [&] { return host_now[i].key; },
          [&] {
            return std::vector<std::string>{host_now[i].key + ": " + host_was[i].value + " -> " + host_now[i].value +
                                            " (after a restart of " + host_now[i].program + ")"};
          });
  return found.take();
}

// Compares two rules once, however many names have them.
class RulePairs {
 public:
  RulePairs(const Model& before, const Model& next) : before_(before), next_(next) {}

  const std::vector<std::string>& differences_of(uint32_t was, uint32_t now) {
    const auto key = std::pair(was, now);
    if (last_ && last_->first == key) return *last_->second;
    auto found = known_.find(key);
    if (found == known_.end())
      found =
          known_
              .emplace(key, differences(settings_of(before_, before_.rules[was]), settings_of(next_, next_.rules[now])))
              .first;
    last_ = {key, &found->second};
    return found->second;
  }

 private:
  using Pair = std::pair<uint32_t, uint32_t>;
  const Model& before_;
  const Model& next_;
  std::map<Pair, std::vector<std::string>> known_;
  std::optional<std::pair<Pair, const std::vector<std::string>*>> last_;
};

std::string text_of(const Model& model, const Entry& entry) {
  const std::string name = config::to_text(model.zones.name(entry));
  const std::string written = entry.scope == config::Scope::below  ? "*." + name
                              : entry.scope == config::Scope::name ? name + " (the name itself)"
                                                                   : name;
  std::string groups;
  for (const std::string& group : group_names(model, model.rules[entry.rule].clients))
    groups += (groups.empty() ? "" : ", ") + group;
  return groups.empty() ? written : written + " (clients of " + groups + ")";
}

// Two entries with the same key are about the same names of the same clients.
std::string key_of(const Model& model, const Entry& entry) {
  std::string key(model.zones.name(entry));
  key += static_cast<char>(entry.scope);
  std::vector<std::string> groups = group_names(model, model.rules[entry.rule].clients);
  std::sort(groups.begin(), groups.end());
  for (const std::string& group : groups) key.append(1, '\1').append(group);
  return key;
}

using Entries = std::vector<const Entry*>;

Entries written(const Model& model) {
  Entries of;
  of.reserve(model.zones.entries.size());
  for (const Entry& entry : model.zones.entries)
    if (!model.rules[entry.rule].is_built_in) of.push_back(&entry);
  return of;
}

// Leaves what lies between the first and the last difference: two long lists mostly differ in little.
void trim(const Model& before, Entries& was, const Model& next, Entries& now, RulePairs& pairs) {
  const auto is_same = [&](const Entry& a, const Entry& b) {
    return a.scope == b.scope && before.zones.name(a) == next.zones.name(b) &&
           pairs.differences_of(a.rule, b.rule).empty();
  };
  const size_t least = std::min(was.size(), now.size());
  size_t front = 0, back = 0;
  while (front < least && is_same(*was[front], *now[front])) ++front;
  while (back < least - front && is_same(*was[was.size() - 1 - back], *now[now.size() - 1 - back])) ++back;
  for (Entries* list : {&was, &now}) {
    list->erase(list->end() - static_cast<std::ptrdiff_t>(back), list->end());
    list->erase(list->begin(), list->begin() + static_cast<std::ptrdiff_t>(front));
  }
}

void compare_default(const Model& before, const Model& next, RulePairs& pairs, Collector& found) {
  const auto name = [] { return std::string("default"); };
  if (before.default_rule && next.default_rule) {
    const auto& lines = pairs.differences_of(*before.default_rule, *next.default_rule);
    if (!lines.empty()) found.add(ChangeKind::changed, name, [&] { return lines; });
  } else if (before.default_rule || next.default_rule) {
    const bool is_added = next.default_rule.has_value();
    const Model& model = is_added ? next : before;
    found.add(is_added ? ChangeKind::added : ChangeKind::removed, name,
              [&] { return as_line(settings_of(model, model.rules[*model.default_rule])); });
  }
}

Section compare_zones(const Model& before, const Model& next, size_t most) {
  Collector found("zones", most);
  RulePairs pairs(before, next);
  Entries was = written(before), now = written(next);
  trim(before, was, next, now, pairs);
  std::unordered_map<std::string, const Entry*> by_key;
  for (const Entry* entry : was) by_key.emplace(key_of(before, *entry), entry);
  for (const Entry* entry : now) {
    const auto name = [&] { return text_of(next, *entry); };
    const auto same = by_key.find(key_of(next, *entry));
    if (same == by_key.end()) {
      found.add(ChangeKind::added, name, [&] { return as_line(settings_of(next, next.rules[entry->rule])); });
      continue;
    }
    if (const auto& lines = pairs.differences_of(same->second->rule, entry->rule); !lines.empty())
      found.add(ChangeKind::changed, name, [&] { return lines; });
    same->second = nullptr;
  }
  for (const Entry* entry : was)
    if (const auto left = by_key.find(key_of(before, *entry)); left != by_key.end() && left->second == entry)
      found.add(
          ChangeKind::removed, [&] { return text_of(before, *entry); },
          [&] { return as_line(settings_of(before, before.rules[entry->rule])); });
  compare_default(before, next, pairs, found);
  return found.take();
}

}  // namespace

const char* to_string(ChangeKind kind) {
  static constexpr std::array kWords{"added", "removed", "changed"};
  return kWords.at(static_cast<size_t>(kind));
}

size_t RuleChanges::count() const {
  size_t all = 0;
  for (const Section& section : sections) all += section.count();
  return all;
}

std::string RuleChanges::line() const {
  constexpr size_t kNamed = 3;
  std::string text;
  for (const Section& section : sections) {
    if (section.count() == 0) continue;
    text += (text.empty() ? "" : "; ") + std::string(section.name) + ":";
    const char* comma = " ";
    for (const ChangeKind kind : {ChangeKind::added, ChangeKind::removed, ChangeKind::changed}) {
      const size_t count = section.counts[static_cast<size_t>(kind)];
      if (count != 0) text += std::exchange(comma, ", ") + std::to_string(count) + " " + to_string(kind);
    }
    text += " (";
    for (size_t i = 0; i < std::min(kNamed, section.changes.size()); ++i)
      text += (i == 0 ? "" : ", ") + section.changes[i].name;
    text += section.count() > kNamed ? ", ...)" : ")";
  }
  return text.empty() ? "nothing" : text;
}

RuleChanges find_changes(const Model& before, const Model& next, size_t most) {
  return {{compare_zones(before, next, most), compare("pools", pools_of(before), pools_of(next), most),
           compare("endpoints", endpoints_of_pools(before), endpoints_of_pools(next), most),
           compare("clients", clients_of(before), clients_of(next), most), compare_settings(before, next, most)}};
}

}  // namespace penstock::control
