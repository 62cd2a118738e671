#include "control/import/readers/bind/own_zones.h"

#include <algorithm>

#include "config/read/built_in.h"
#include "control/import/form/chain.h"

namespace penstock::imports {

void BindOwnZones::disable(const std::string& name) {
  if (const auto parsed = config::parse_name(name)) disabled_.insert(*parsed);
}

void BindOwnZones::settle(Source& source, bool is_only) {
  is_only_ = is_only;
  tell_of_files(source);
  source.empty_zones = is_enabled_ && !is_only;
  std::vector<std::vector<std::string>> views;
  for (const Group& group : source.groups) views.push_back({group.name});
  if (views.empty()) views.emplace_back();
  std::vector<WireName> names = config::empty_zone_names();
  names.push_back(*config::parse_name("home.arpa"));
  for (const WireName& empty : names)
    for (const auto& clients : views) settle(source, empty, clients);
}

void BindOwnZones::tell_of_files(Source& source) const {
  for (const Forward& forward : forwards_)
    for (const Zone& zone : source.zones)
      if (zone.target.kind == Kind::records && zone.clients == forward.clients && is_below(forward.name, zone.name) &&
          forward.name != zone.name)
        source.decide(forward.where,
                      "BIND forwards " + config::to_text(forward.name) + " only if the file of zone " +
                          config::to_text(zone.name) +
                          ", which it is in, delegates it, and else answers from there; here it is forwarded");
}

// Not where names at or above it are forwarded, and never looked up.
bool BindOwnZones::is_in_force(const Source& source, const WireName& empty,
                               const std::vector<std::string>& clients) const {
  if (!is_enabled_ || disabled_.contains(empty)) return false;
  for (const Zone& zone : source.zones)
    if (zone.target.kind == Kind::records && zone.name == empty && zone.clients == clients) return false;
  const Forward* nearest = nullptr;
  for (const Forward& forward : forwards_)
    if (forward.clients == clients && is_below(empty, forward.name) &&
        (nearest == nullptr || forward.name.size() > nearest->name.size()))
      nearest = &forward;
  return nearest == nullptr ? !is_only_ : !nearest->is_only;
}

void BindOwnZones::settle(Source& source, const WireName& empty, const std::vector<std::string>& clients) {
  const auto holds = [](const Zone& zone, const WireName& name) { return is_below(name, zone.name); };
  const bool is_in_penstock = source.empty_zones && empty != *config::parse_name("home.arpa");
  if (!is_in_force(source, empty, clients)) {
    const bool is_written =
        std::any_of(source.zones.begin(), source.zones.end(), [&](const Zone& zone) { return holds(zone, empty); });
    if (is_in_penstock && !is_written)
      source.zones.push_back({empty, Scope::zone, {.kind = Kind::as_default}, {}, clients});
    return;
  }
  // BIND delegates forward zones of 'forward only' out of its empty zones.
  const auto is_reached = [&](const WireName& name) {
    return std::any_of(forwards_.begin(), forwards_.end(), [&](const Forward& one) {
      return one.is_only && one.clients == clients && is_below(name, one.name) && is_below(one.name, empty);
    });
  };
  std::erase_if(source.zones, [&](const Zone& zone) {
    const bool is_forward = std::any_of(forwards_.begin(), forwards_.end(), [&](const Forward& one) {
      return one.name == zone.name && one.clients == zone.clients;
    });
    if (!is_forward || zone.clients != clients || !is_below(zone.name, empty) || is_reached(zone.name)) return false;
    source.decide(zone.where, config::to_text(zone.name) +
                                  " is left out: BIND answers it from its built-in empty zone " +
                                  config::to_text(empty) + ", as it does not say 'forward only'");
    return true;
  });
  const bool is_written =
      std::any_of(source.zones.begin(), source.zones.end(), [&](const Zone& zone) { return holds(zone, empty); });
  if (!is_in_penstock || is_written)
    source.zones.push_back({empty, Scope::zone, {.kind = Kind::nxdomain}, {}, clients});
}

}  // namespace penstock::imports
