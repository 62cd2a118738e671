#include "control/rules/removal_guard.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "control/rules/flatten_clients.h"

namespace penstock::control {
namespace {

using config::Action;
using config::Model;
using config::Rule;
using config::Scope;
using Entry = config::ZoneNames::Entry;

constexpr uint32_t kNone = 0xffffffff;
constexpr uint32_t kNoGroup = kNone;

// Clients that count as one: of this group before, and of that one next. Indices into Clients::groups of the two models.
struct Class {
  uint32_t before = kNoGroup;
  uint32_t next = kNoGroup;
  bool stays = true;  // in a group of that name, or in none; or its group is gone
  auto operator<=>(const Class&) const = default;
};

class Zones {
 public:
  explicit Zones(const Model& model)
      : model_(model),
        slots_(std::bit_ceil(model.zones.entries.size() * 2 + 1), kNone),
        same_name_(model.zones.entries.size(), kNone),
        decides_alone_(model.zones.entries.size()) {
    // From the last one on, so that a name's entries hang in their order.
    for (auto i = static_cast<uint32_t>(model.zones.entries.size()); i-- > 0;) {
      uint32_t& first = slots_[slot_of(model.zones.name(model.zones.entries[i]))];
      same_name_[i] = first;
      decides_alone_[i] = first == kNone && rule_of(i)->clients.empty();
      if (first != kNone) decides_alone_[first] = false;
      first = i;
    }
  }

  // The only entry of its name, and for everybody.
  bool decides_alone(uint32_t entry) const { return decides_alone_[entry]; }

  // The entry that decides alone about the name, within the same scope; kNone: there is none. Of two configurations the names mostly
  // follow each other in the same order: `hint` says which entry it probably is, and becomes the next.
  uint32_t same_alone(const Model& other, const Entry& entry, uint32_t& hint) const {
    const std::string_view name = other.zones.name(entry);
    const auto& entries = model_.zones.entries;
    const uint32_t found = hint < entries.size() && model_.zones.name(entries[hint]) == name ? hint : first(name);
    if (found == kNone || !decides_alone_[found] || entries[found].scope != entry.scope) return kNone;
    hint = found + 1;
    return found;
  }

  const Rule* rule_of(uint32_t entry) const { return &model_.rules[model_.zones.entries[entry].rule]; }

  struct Decision {
    const Rule* rule = nullptr;  // nullptr: REFUSED, there is no default
    bool own = false;            // by an entry of this very name
    bool left_out = false;       // the rule is for others: REFUSED
    uint32_t entry = kNone;      // kNone: the default
  };

  // For the name itself, or for what is below it, asked by clients of the group.
  Decision find(std::string_view name, bool is_apex, uint32_t group) const {
    for (bool own = true;; own = false, is_apex = false, name = parent(name)) {
      // Narrower scopes win over Scope::zone.
      for (const bool narrow : {true, false})
        for (uint32_t i = first(name); i != kNone; i = same_name_[i]) {
          const Scope scope = model_.zones.entries[i].scope;
          if (narrow == (scope == Scope::zone) || (narrow && (scope == Scope::name) != is_apex)) continue;
          const Rule* rule = rule_of(i);
          const bool is_for =
              rule->clients.empty() || std::binary_search(rule->clients.begin(), rule->clients.end(), group);
          if (is_for || rule->otherwise == config::Otherwise::refuse) return {rule, own, !is_for, i};
        }
      if (name.size() <= 1) return {default_rule(), false, false, kNone};
    }
  }

  // Some entry of this name or above it is private, or the default is.
  bool inside_private(std::string_view name) const {
    for (;; name = parent(name)) {
      for (uint32_t i = first(name); i != kNone; i = same_name_[i])
        if (rule_of(i)->is_private) return true;
      if (name.size() <= 1) return default_rule() != nullptr && default_rule()->is_private;
    }
  }

  const Rule* default_rule() const { return model_.default_rule ? &model_.rules[*model_.default_rule] : nullptr; }

 private:
  static std::string_view parent(std::string_view name) { return name.substr(static_cast<uint8_t>(name[0]) + 1U); }
  uint32_t first(std::string_view name) const { return slots_[slot_of(name)]; }

  // Open addressing at half load: a million small allocations would cost more than all the rest. The name's slot, or the free one
  // where it would go.
  size_t slot_of(std::string_view name) const {
    const size_t mask = slots_.size() - 1;
    size_t at = XXH3_64bits(name.data(), name.size()) & mask;
    while (slots_[at] != kNone && model_.zones.name(model_.zones.entries[slots_[at]]) != name) at = (at + 1) & mask;
    return at;
  }

  const Model& model_;
  std::vector<uint32_t> slots_;      // the first entry of a name, kNone: free
  std::vector<uint32_t> same_name_;  // of each entry the next one of its name
  std::vector<uint8_t> decides_alone_;
};

bool has_views(const Model& model) {
  return std::any_of(model.rules.begin(), model.rules.end(), [](const Rule& rule) { return !rule.clients.empty(); });
}

// Which group each address has and will have. Without views all clients are one.
std::set<Class> classes_of(const Model& running, const Model& next) {
  std::set<Class> classes{{}};
  if (!has_views(running) && !has_views(next)) return classes;
  const auto is_there = [](const Model& model, const std::string& name) {
    return std::any_of(model.clients.groups.begin(), model.clients.groups.end(),
                       [&](const config::ClientGroup& group) { return group.name == name; });
  };
  for (const unsigned family : {4U, 6U}) {
    const std::vector<ClientRange> before = flatten_clients(running.clients, family);
    const std::vector<ClientRange> after = flatten_clients(next.clients, family);
    for (size_t b = 0, a = 0;;) {
      Class one{before[b].group == 0 ? kNoGroup : before[b].group - 1U,
                after[a].group == 0 ? kNoGroup : after[a].group - 1U};
      const std::string was = one.before == kNoGroup ? "" : running.clients.groups[one.before].name;
      const std::string will_be = one.next == kNoGroup ? "" : next.clients.groups[one.next].name;
      one.stays = was == will_be || (!was.empty() && !is_there(next, was));
      classes.insert(one);
      // On to whichever changes first.
      const bool more_before = b + 1 < before.size(), more_after = a + 1 < after.size();
      if (!more_before && !more_after) break;
      const bool step_before = more_before && (!more_after || before[b + 1].start <= after[a + 1].start);
      const bool step_after = more_after && (!more_before || after[a + 1].start <= before[b + 1].start);
      b += step_before ? 1 : 0;
      a += step_after ? 1 : 0;
    }
  }
  return classes;
}

std::string to_text(const Class& clients, const Model& running, const Model& next) {
  const auto name = [](const Model& model, uint32_t group) {
    return group == kNoGroup ? std::string("no group") : "group " + model.clients.groups[group].name;
  };
  if (clients.stays) return "clients of " + name(running, clients.before);
  return "clients of " + name(running, clients.before) + " that move to " + name(next, clients.next);
}

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

bool same_target(const Model& running, const Rule& before, const Model& next, const Rule& after) {
  return after.action == before.action &&
         (before.action != Action::forward || next.pools[after.pool].name == running.pools[before.pool].name);
}

// What a private rule's names lose. In words only when it is shown: there may be a million.
struct Taken {
  enum class How : uint8_t { left_out, removed, not_private, moved, new_left_out, new_rule };
  How how = How::removed;
  const Model* running = nullptr;
  const Model* next = nullptr;
  const Rule* before = nullptr;
  const Rule* after = nullptr;  // nullptr: REFUSED, there is no default

  std::string text() const {
    switch (how) {
      case How::left_out:
        return "is for other clients: its names would be refused";
      case How::removed:
        return "is removed: its names would " + target(*next, after);
      case How::not_private:
        return "is no longer private: its names would " + target(*next, after);
      case How::moved:
        break;
      case How::new_left_out:
        return "is new, inside private names: its names would be refused";
      case How::new_rule:
        return "is new, inside private names: its names would " + target(*next, after);
    }
    const auto &from = running->pools[before->pool], &to = next->pools[after->pool];
    return std::string("moves from pool ") + from.name + " (" + kind_name(from.kind) + ") to pool " + to.name + " (" +
           kind_name(to.kind) + ")";
  }
  bool operator==(const Taken& other) const {
    return (how == other.how && before == other.before && after == other.after) || text() == other.text();
  }
};

// What a private rule's names would lose under the new decision; nullopt: nothing.
std::optional<Taken> loss(const Model& running, const Rule& before, const Model& next, Zones::Decision after) {
  const auto taken = [&](Taken::How how) { return Taken{how, &running, &next, &before, after.rule}; };
  if (after.left_out) return taken(Taken::How::left_out);
  if (!after.own &&
      (after.rule == nullptr || !after.rule->is_private || !same_target(running, before, next, *after.rule)))
    return taken(Taken::How::removed);
  if (!after.rule->is_private) return taken(Taken::How::not_private);
  if (before.action != Action::forward || after.rule->action != Action::forward) return {};
  if (running.pools[before.pool].kind == next.pools[after.rule->pool].kind) return {};
  return taken(Taken::How::moved);
}

bool decides(Scope scope, bool is_apex) {
  return scope == Scope::zone || (scope == Scope::name) == is_apex;
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

// The next one is counted, not shown.
bool is_enough(const Removals& removals) {
  return removals.count >= kRemovalsShown;
}

// What the names of one entry lose, for some of its clients.
struct Loss {
  std::optional<Taken> apex, below;
  bool decides_apex = false, decides_below = false;
  bool operator==(const Loss&) const = default;
};

// Leaving a group is what an administrator means by it; only if names would get out they are held back for it.
bool is_meant(const Class& clients, const Zones::Decision& after) {
  return !clients.stays &&
         (after.left_out || after.rule == nullptr || after.rule->action == Action::refused || after.rule->is_private);
}

// `of` says what one class of clients loses; `tell` is called for each loss with whom it is for: all, or the classes that have it.
template <typename Of, typename Tell>
void for_each_loss(const std::set<Class>& classes, const std::function<std::string(const Class&)>& text_of,
                   const Of& of, const Tell& tell) {
  if (classes.size() == 1) {
    if (const Loss loss = of(*classes.begin()); loss.apex || loss.below) tell(loss, std::string());
    return;
  }
  std::vector<std::pair<Loss, std::string>> found;
  bool is_for_all = true;
  for (const Class& clients : classes) {
    const Loss loss = of(clients);
    if (!loss.apex && !loss.below) {
      is_for_all = false;
      continue;
    }
    const auto same = std::find_if(found.begin(), found.end(), [&](const auto& other) { return other.first == loss; });
    if (same == found.end())
      found.emplace_back(loss, text_of(clients));
    else
      same->second += ", " + text_of(clients);
  }
  for (const auto& [loss, who] : found) tell(loss, is_for_all && found.size() == 1 ? std::string() : "(" + who + ") ");
}

// Entries of `next` that take names out of what private entries above them decide now.
void compare_new(const Model& running, const Zones& before, const Model& next, const Zones& after,
                 const std::set<Class>& classes, Removals& removals) {
  uint32_t hint = 0;
  for (uint32_t i = 0; i < next.zones.entries.size(); ++i) {
    const std::string_view name = next.zones.name(next.zones.entries[i]);
    // Decided by this very name before, too: compare_zones() has looked at it.
    if (after.decides_alone(i) && before.same_alone(next, next.zones.entries[i], hint) != kNone) continue;
    const auto of = [&](const Class& clients) {
      Loss lost;
      for (const bool is_apex : {true, false}) {
        const Zones::Decision now = after.find(name, is_apex, clients.next);
        if (now.entry != i) continue;
        (is_apex ? lost.decides_apex : lost.decides_below) = true;
        // Where the running rules decide by an entry of this very name, compare_zones() has looked at it.
        const Zones::Decision then = before.find(name, is_apex, clients.before);
        if (then.own || then.left_out || then.rule == nullptr || !then.rule->is_private || is_meant(clients, now) ||
            !loss(running, *then.rule, next, now))
          continue;
        (is_apex ? lost.apex : lost.below) =
            Taken{now.left_out ? Taken::How::new_left_out : Taken::How::new_rule, &running, &next, then.rule, now.rule};
      }
      return lost;
    };
    for_each_loss(
        classes, [&](const Class& clients) { return to_text(clients, running, next); }, of,
        [&](const Loss& lost, const std::string& who) {
          if (is_enough(removals)) return add(removals, {}, {});
          const std::string text = config::to_text(name);
          if (lost.apex)
            add(removals, text + (lost.below || !lost.decides_below ? "" : " (the name itself)"),
                who + lost.apex->text());
          else
            add(removals, "*." + text, who + lost.below->text());
        });
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
  const std::set<Class> classes = classes_of(running, next);
  uint32_t hint = 0;
  for (uint32_t i = 0; i < running.zones.entries.size(); ++i) {
    const Entry& entry = running.zones.entries[i];
    const Rule& rule = running.rules[entry.rule];
    if (!rule.is_private) continue;
    const std::string_view name = running.zones.name(entry);
    const bool is_alone = before.decides_alone(i);
    if (is_alone)
      if (const uint32_t same = after.same_alone(running, entry, hint);
          same != kNone && !loss(running, rule, next, {after.rule_of(same), true, false, same}))
        continue;
    const auto decides_now = [&](bool is_apex, const Class& clients) {
      if (is_alone) return decides(entry.scope, is_apex);
      const Zones::Decision then = before.find(name, is_apex, clients.before);
      return then.entry == i && !then.left_out;
    };
    const auto of = [&](const Class& clients) {
      Loss lost;
      for (const bool is_apex : {true, false}) {
        if (!decides_now(is_apex, clients)) continue;
        (is_apex ? lost.decides_apex : lost.decides_below) = true;
        const Zones::Decision now = after.find(name, is_apex, clients.next);
        if (!is_meant(clients, now)) (is_apex ? lost.apex : lost.below) = loss(running, rule, next, now);
      }
      return lost;
    };
    for_each_loss(
        classes, [&](const Class& clients) { return to_text(clients, running, next); }, of,
        [&](const Loss& lost, const std::string& who) {
          const bool are_two = lost.apex && lost.below && *lost.apex != *lost.below;
          if (is_enough(removals)) {
            removals.count += are_two ? 2 : 1;
            return;
          }
          const std::string text = config::to_text(name);
          if (are_two) {
            add(removals, text, who + "(the name itself) " + lost.apex->text());
            add(removals, "*." + text, who + lost.below->text());
          } else if (lost.apex) {
            add(removals, text,
                who + (lost.below || !lost.decides_below ? "" : "(the name itself) ") + lost.apex->text());
          } else {
            add(removals, "*." + text, who + lost.below->text());
          }
        });
  }
  compare_new(running, before, next, after, classes, removals);
  if (running.default_rule && running.rules[*running.default_rule].is_private)
    if (auto lost = loss(running, running.rules[*running.default_rule], next,
                         {after.default_rule(), after.default_rule() != nullptr, false, kNone}))
      add(removals, "default", lost->text());
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

std::vector<std::string> to_lines(const Removals& removals) {
  std::vector<std::string> lines;
  for (const auto& item : removals.items) lines.push_back(item.name + " " + item.what);
  if (removals.count > removals.items.size())
    lines.push_back("and " + std::to_string(removals.count - removals.items.size()) + " more");
  return lines;
}

std::string to_text(const Removals& removals) {
  std::string text;
  for (const std::string& line : to_lines(removals)) text += line + "\n";
  return text;
}

}  // namespace penstock::control
