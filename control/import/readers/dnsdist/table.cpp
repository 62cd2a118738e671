#include "control/import/readers/dnsdist/table.h"

#include <algorithm>
#include <set>

#include "control/import/form/clients.h"

namespace penstock::imports {
namespace {

const WireName kAllNames(1, '\0');
constexpr size_t kMostCells = size_t{32} << 20;

std::string_view shorter(std::string_view name) {
  return name.substr(static_cast<size_t>(static_cast<uint8_t>(name[0])) + 1);
}

}  // namespace

DnsdistTable::DnsdistTable(std::vector<DnsdistStep> steps, std::vector<NetworkList> lists,
                           std::function<Target(const std::string&)> target_of, Source& source)
    : steps_(std::move(steps)),
      lists_(std::move(lists)),
      target_of_(std::move(target_of)),
      source_(source),
      default_where_(source.other_where),
      decides_(steps_.size()) {}

// Every network that is written is cut out of the shorter ones around it.
void DnsdistTable::find_classes() {
  std::set<IpPrefix> written{all_clients(4), all_clients(6)};
  for (const NetworkList& list : lists_)
    for (const auto& [network, is_included] : list.networks) written.insert(network);
  classes_.emplace_back(lists_.size(), false);
  prefixes_.emplace_back();
  for (const IpPrefix& prefix : written) {
    ClientClass judged;
    for (const NetworkList& list : lists_) judged.push_back(list.has(prefix));
    const auto known = std::find(classes_.begin(), classes_.end(), judged);
    const auto number = static_cast<size_t>(known - classes_.begin());
    if (known == classes_.end()) {
      classes_.push_back(std::move(judged));
      prefixes_.emplace_back();
    }
    prefixes_[number].push_back(prefix);
  }
  groups_.emplace_back();
  for (size_t i = 1; i < classes_.size(); ++i) {
    groups_.push_back("clients-" + std::to_string(i));
    source_.groups.push_back({groups_.back(), prefixes_[i]});
  }
  // A network that lies in another and that no list has.
  std::erase_if(prefixes_[0], [](const IpPrefix& prefix) { return prefix.length == 0; });
  if (!prefixes_[0].empty()) source_.groups.push_back({"clients-of-none", prefixes_[0]});
}

void DnsdistTable::find_cuts() {
  cuts_.push_back({kAllNames, Scope::zone});
  cut_of_[{kAllNames, Scope::zone}] = 0;
  for (const DnsdistStep& step : steps_) {
    std::vector<std::pair<WireName, Scope>> names;
    step.rule.names(names, true);
    for (const auto& [name, scope] : names)
      if (cut_of_.try_emplace({name, scope}, cuts_.size()).second) cuts_.push_back({name, scope});
  }
}

void DnsdistTable::index_steps() {
  for (uint32_t i = 0; i < steps_.size(); ++i) {
    if (!steps_[i].rule.is_bound_to_names()) {
      unbound_.push_back(i);
      continue;
    }
    std::vector<std::pair<WireName, Scope>> names;
    steps_[i].rule.names(names, false);
    for (const auto& [name, scope] : names) {
      auto& list = bound_[name];
      if (list.empty() || list.back() != i) list.push_back(i);
    }
  }
}

std::vector<uint32_t> DnsdistTable::steps_for(std::string_view name) const {
  std::vector<uint32_t> steps = unbound_;
  for (; !name.empty(); name = shorter(name))
    if (const auto found = bound_.find(name); found != bound_.end())
      steps.insert(steps.end(), found->second.begin(), found->second.end());
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  return steps;
}

uint32_t DnsdistTable::number_of(const Target& target) {
  std::string key = to_text(target);
  if (target.in_order) {
    key = "in order";
    for (const Server& server : target.servers) key += " " + to_text(server);
  }
  const auto [it, is_new] = target_numbers_.try_emplace(std::move(key), static_cast<uint32_t>(targets_.size()));
  if (is_new) targets_.push_back(target);
  return it->second;
}

DnsdistTable::Cell DnsdistTable::decide(const Cut& cut, const std::vector<uint32_t>& steps, size_t number) {
  std::string pool;
  int64_t chosen = -1;
  for (const uint32_t i : steps) {
    const DnsdistStep& step = steps_[i];
    if (step.rule.at(cut.name, cut.scope, classes_[number]) != Truth::yes) continue;
    if (step.deed == DnsdistStep::Deed::choose_pool) {
      pool = step.pool;
      chosen = i;
      continue;
    }
    if (step.deed == DnsdistStep::Deed::answer) return {number_of(step.target), i};
    return {number_of(target_of_(step.deed == DnsdistStep::Deed::pool ? step.pool : pool)), i};
  }
  return {number_of(target_of_(pool)), chosen};
}

const DnsdistTable::Cut& DnsdistTable::around(const Cut& cut) const {
  std::string_view name = cut.name;
  if (cut.scope != Scope::name) name = shorter(name);
  for (; !name.empty(); name = shorter(name))
    if (const auto found = cut_of_.find({WireName(name), Scope::zone}); found != cut_of_.end())
      return cuts_[found->second];
  return cuts_.front();
}

void DnsdistTable::add_zone(const Cut& cut, size_t number, std::vector<std::string> clients) {
  const Cell& cell = cut.cells[number];
  const Where where = cell.step < 0 ? default_where_ : steps_[static_cast<size_t>(cell.step)].where;
  source_.zones.push_back({cut.name, cut.scope, targets_[cell.target], where, std::move(clients)});
}

// Entries for clients that go elsewhere than by the shorter name around it; one for all when those of no group do.
void DnsdistTable::add_cut(const Cut& cut) {
  const Cut& outer = around(cut);
  const bool for_all = !(cut.cells[0] == outer.cells[0]);
  for (size_t i = 1; i < classes_.size(); ++i) {
    const auto is_told = [&](size_t k) { return !(cut.cells[k] == (for_all ? cut.cells[0] : outer.cells[k])); };
    if (!is_told(i)) continue;
    std::vector<std::string> clients;
    bool is_first = true;
    for (size_t k = 1; k < classes_.size(); ++k) {
      if (!is_told(k) || !(cut.cells[k] == cut.cells[i])) continue;
      is_first = is_first && k >= i;
      clients.push_back(groups_[k]);
    }
    if (is_first) add_zone(cut, i, std::move(clients));
  }
  if (for_all) add_zone(cut, 0, {});
}

void DnsdistTable::write_default() {
  const Cut& root = cuts_.front();
  source_.other = targets_[root.cells[0].target];
  if (root.cells[0].step >= 0) source_.other_where = steps_[static_cast<size_t>(root.cells[0].step)].where;
  for (size_t i = 1; i < classes_.size(); ++i) {
    if (root.cells[i] == root.cells[0]) continue;
    const Cell& cell = root.cells[i];
    const Where where = cell.step < 0 ? default_where_ : steps_[static_cast<size_t>(cell.step)].where;
    const bool is_denied =
        targets_[cell.target].kind == Kind::refused &&
        std::all_of(cuts_.begin(), cuts_.end(), [&](const Cut& cut) { return cut.cells[i] == cell; });
    if (is_denied)
      source_.deny.insert(source_.deny.end(), prefixes_[i].begin(), prefixes_[i].end());
    else
      source_.decide(where, "all names of some clients (" + groups_[i] +
                                ") go elsewhere, and Penstock has one default for all clients: left out");
  }
}

// Whether the step is true at the cut for some clients, and decides for none of them. `by`: what decides there.
bool DnsdistTable::is_hidden(const DnsdistStep& step, size_t number, const Cut& cut, int64_t& by) const {
  bool is_true = false;
  for (size_t k = 0; k < classes_.size(); ++k) {
    if (cut.cells[k].step == static_cast<int64_t>(number)) return false;
    if (step.rule.at(cut.name, cut.scope, classes_[k]) != Truth::yes) continue;
    if (!is_true) by = cut.cells[k].step;
    is_true = true;
  }
  return is_true && by >= 0 && by < static_cast<int64_t>(number);
}

void DnsdistTable::tell() {
  for (size_t i = 0; i < steps_.size(); ++i) {
    const DnsdistStep& step = steps_[i];
    if (step.deed == DnsdistStep::Deed::choose_pool) continue;
    const std::string unknown = step.rule.unknown();
    if (!unknown.empty() && !decides_[i]) continue;  // told where it was read
    std::vector<std::pair<WireName, Scope>> names;
    step.rule.names(names, false);
    if (!step.rule.is_bound_to_names()) names.emplace_back(kAllNames, Scope::zone);
    int64_t by = -1;
    const bool is_for_nothing = !decides_[i];
    for (const auto& name : names) {
      const Cut& cut = cuts_[cut_of_.at(name)];
      if (!is_hidden(step, i, cut, by)) continue;
      const DnsdistStep& first = steps_[static_cast<size_t>(by)];
      if (is_for_nothing && !first.rule.is_bound_to_names()) {
        source_.decide(step.where, "this rule is never reached: one before it has all names (" +
                                       to_text(source_, first.where) + "). Left out");
        break;
      }
      if (name.first == kAllNames) continue;
      source_.hidden.push_back(name.first);
      const Cell& cell = cut.cells[0];
      const bool is_same = step.deed == DnsdistStep::Deed::answer
                               ? to_text(step.target) == to_text(targets_[cell.target])
                               : to_text(target_of_(step.pool)) == to_text(targets_[cell.target]);
      source_.remarks.push_back({is_same ? Weight::note : Weight::decide, step.where,
                                 config::to_text(name.first) + " is left out: the line before it (" +
                                     to_text(source_, first.where) + ") decides first" +
                                     (is_same ? ", and sends it to the same" : "")});
    }
  }
}

bool DnsdistTable::write() {
  find_classes();
  find_cuts();
  if (cuts_.size() * classes_.size() > kMostCells) {
    source_.broken({}, "these are too many names for too many kinds of clients");
    return true;
  }
  index_steps();
  for (Cut& cut : cuts_) {
    const auto steps = steps_for(cut.name);
    for (size_t k = 0; k < classes_.size(); ++k) {
      cut.cells.push_back(decide(cut, steps, k));
      if (cut.cells.back().step >= 0) decides_[static_cast<size_t>(cut.cells.back().step)] = true;
    }
  }
  write_default();
  for (size_t i = 1; i < cuts_.size(); ++i) add_cut(cuts_[i]);
  tell();
  return cuts_.front().cells[0].step >= 0;
}

}  // namespace penstock::imports
