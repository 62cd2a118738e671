#include "control/import/form/order.h"

#include <algorithm>

namespace penstock::imports {
namespace {

bool is_for(const Zone& zone, const std::string& group) {
  return zone.clients.empty() || std::find(zone.clients.begin(), zone.clients.end(), group) != zone.clients.end();
}

// Whether every client of `later` is one of `earlier`.
bool has_clients_of(const Zone& earlier, const Zone& later) {
  if (earlier.clients.empty()) return true;
  if (later.clients.empty()) return false;
  return std::all_of(later.clients.begin(), later.clients.end(),
                     [&](const std::string& group) { return is_for(earlier, group); });
}

// Among zones of one name: which decides for the name itself.
int breadth(Scope scope) {
  return scope == Scope::name ? 0 : scope == Scope::below ? 1 : 2;
}

bool hides(const Zone& earlier, const Zone& later) {
  return has_clients_of(earlier, later) && earlier.name == later.name && earlier.scope == later.scope;
}

}  // namespace

ZoneFinder::ZoneFinder(const std::vector<Zone>& zones) : zones_(zones) {
  by_name_.reserve(zones.size());
  before_.reserve(zones.size());
  for (size_t i = 0; i < zones.size(); ++i) {
    const auto [it, is_new] = by_name_.try_emplace(zones[i].name, i);
    before_.push_back(is_new ? zones.size() : it->second);
    it->second = i;
  }
}

void ZoneFinder::each_before(size_t index, const std::function<bool(size_t)>& stop_at) const {
  for (size_t i = before_[index]; i < zones_.size() && !stop_at(i); i = before_[i]) {
  }
}

void ZoneFinder::each(std::string_view wire_name, const std::function<bool(size_t)>& stop_at) const {
  std::vector<size_t> here;
  for (std::string_view suffix = wire_name; !suffix.empty();
       suffix.remove_prefix(static_cast<size_t>(static_cast<uint8_t>(suffix[0])) + 1)) {
    here.clear();
    const auto last = by_name_.find(suffix);
    if (last == by_name_.end()) continue;
    for (size_t i = last->second; i < zones_.size(); i = before_[i])
      if (covers(zones_[i], wire_name)) here.push_back(i);
    std::sort(here.begin(), here.end(), [&](size_t a, size_t b) {
      return std::pair(breadth(zones_[a].scope), a) < std::pair(breadth(zones_[b].scope), b);
    });
    for (const size_t index : here)
      if (stop_at(index)) return;
  }
}

bool covers(const Zone& zone, std::string_view wire_name) {
  const bool is_same = wire_name == zone.name;
  if (zone.scope == Scope::name || is_same) return is_same && zone.scope != Scope::below;
  if (wire_name.size() < zone.name.size()) return false;
  for (std::string_view suffix = wire_name; suffix.size() >= zone.name.size() && !suffix.empty();
       suffix.remove_prefix(static_cast<size_t>(static_cast<uint8_t>(suffix[0])) + 1))
    if (suffix == zone.name) return true;
  return false;
}

const Zone* deciding_zone(const Source& source, const ZoneFinder& finder, std::string_view wire_name,
                          const std::string& group) {
  size_t found = source.zones.size();
  finder.each(wire_name, [&](size_t index) {
    if (!is_for(source.zones[index], group)) return false;
    found = index;
    return true;
  });
  return found < source.zones.size() ? &source.zones[found] : nullptr;
}

std::vector<size_t> zones_in_effect(const Source& source, std::vector<Remark>& remarks) {
  std::vector<size_t> kept;
  const ZoneFinder finder(source.zones);
  for (size_t i = 0; i < source.zones.size(); ++i) {
    const Zone& zone = source.zones[i];
    const Zone* hider = nullptr;
    finder.each_before(i, [&](size_t index) {
      if (hides(source.zones[index], zone)) hider = &source.zones[index];
      return false;
    });
    if (hider == nullptr) {
      kept.push_back(i);
      continue;
    }
    const bool is_same = to_text(hider->target) == to_text(zone.target);
    remarks.push_back({is_same ? Weight::note : Weight::decide, zone.where,
                       config::to_text(zone.name) + " is left out: the line before it for " +
                           config::to_text(hider->name) + " (" + to_text(source, hider->where) + ") decides first" +
                           (is_same ? ", and sends it to the same" : "")});
  }
  return kept;
}

}  // namespace penstock::imports
