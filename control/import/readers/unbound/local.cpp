#include "control/import/readers/unbound/local.h"

#include <algorithm>
#include <map>
#include <optional>

#include "config/read/built_in.h"
#include "control/import/form/chain.h"
#include "control/import/form/order.h"
#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

// Empty: there is no equivalent.
std::optional<Target> target_of(std::string_view type) {
  Target target;
  if (type == "static" || type == "always_nxdomain") {
    target.kind = Kind::nxdomain;
  } else if (type == "always_nodata") {
    target.kind = Kind::nodata;
  } else if (type == "always_null") {
    target.kind = Kind::addresses;
    target.addresses = {*config::parse_address("0.0.0.0"), *config::parse_address("::")};
  } else if (type == "redirect") {
    target.kind = Kind::addresses;  // those of its local-data
  } else if (type != "refuse" && type != "always_refuse" && type != "deny" && type != "always_deny") {
    return std::nullopt;
  }
  return target;
}

}  // namespace

void UnboundLocal::read_zone(const UnboundOption& option) {
  const auto words = split(option.value, " \t");
  const auto name = words.empty() ? std::nullopt : std::optional(config::parse_name(words[0]));
  if (words.size() < 2 || !*name)
    return source_.decide(option.where, "'" + option.value + "' is not a name and a type of local zone: left out");
  const std::string type = lower(words[1]);
  if (type == "transparent" || type == "typetransparent" || type == "always_transparent") {
    if (type == "typetransparent")
      source_.decide(option.where,
                     "types that a name of this zone lacks are looked up by Unbound, and empty answers here");
    open_.emplace_back(**name, option.where);
    return;
  }
  if (type == "nodefault") {
    nodefault_.emplace(**name, option.where);
    return;
  }
  auto target = target_of(type);
  if (type == "inform") open_.emplace_back(**name, option.where);  // transparent, with a line in the log
  if (!target) return source_.decide(option.where, "local-zone type '" + type + "' has no equivalent: left out");
  if ((*name)->size() == 1 && target->kind == Kind::addresses)
    return source_.decide(option.where, "addresses for all names have no equivalent: left out");
  if (type.ends_with("deny"))
    source_.decide(option.where, "Unbound gives no answer at all to these names, Penstock says REFUSED");
  if (type.starts_with("always_")) always_.insert(**name);
  zones_.push_back({**name, Scope::zone, std::move(*target), option.where});
}

// "NAME [TTL] [IN] TYPE DATA"
void UnboundLocal::read_data(const UnboundOption& option) {
  const auto words = split(option.value, " \t");
  std::string ttl;
  size_t at = 1;
  for (; at < words.size(); ++at) {
    const bool is_number = words[at].find_first_not_of("0123456789") == std::string_view::npos;
    if (is_number) ttl = std::string(words[at]) + " ";
    if (!is_number && lower(words[at]) != "in") break;
  }
  const auto name = words.empty() ? std::nullopt : std::optional(config::parse_name(words[0]));
  if (at + 1 >= words.size() || !name || !*name)
    return source_.decide(option.where, "'" + option.value + "' is no record: write 'NAME TYPE DATA'. Left out");
  data_.push_back(
      {**name, ttl + option.value.substr(static_cast<size_t>(words[at].data() - option.value.data())), option.where});
}

// "ADDRESS [TTL] NAME"
void UnboundLocal::read_pointer(const UnboundOption& option) {
  const auto words = split(option.value, " \t");
  const auto address = words.empty() ? std::nullopt : config::parse_address(words[0]);
  if (!address || words.size() < 2)
    return source_.decide(option.where, "'" + option.value + "' is no address and name: left out");
  const std::string name(words.back());
  data_.push_back({reverse_name(*address), "PTR " + name + (name.ends_with('.') ? "" : "."), option.where});
}

void UnboundLocal::add() {
  add_built_in();
  add_data();
  add_open();
  drop_hidden();
  const auto all = std::find_if(zones_.begin(), zones_.end(), [](const Zone& zone) { return zone.name.size() == 1; });
  if (all != zones_.end()) {
    source_.other = all->target;
    source_.other_where = all->where;
    zones_.erase(all);
  }
  for (Zone& zone : zones_)
    if (zone.target.kind == Kind::addresses && zone.target.addresses.empty()) zone.target.kind = Kind::nodata;
  source_.zones.insert(source_.zones.end(), zones_.begin(), zones_.end());
}

// Each name with data is an entry of its own: its neighbours go the way of the zone, or on to the servers.
void UnboundLocal::add_data() {
  std::map<WireName, size_t> names;
  for (const Data& one : data_) {
    Zone* around = zone_around(one.name);
    const bool is_open = std::any_of(open_.begin(), open_.end(), [&](const auto& zone) {
      return around != nullptr && is_below(one.name, zone.first) && zone.first.size() > around->name.size();
    });
    if (is_open) around = nullptr;
    if (around != nullptr && always_.contains(around->name)) {
      source_.note(one.where, "does not count in a local-zone of type always_...");
      continue;
    }
    if (around != nullptr && around->target.kind == Kind::addresses) {
      const auto address = config::parse_address(split(one.record, " \t").back());
      if (around->name == one.name && address)
        around->target.addresses.push_back(*address);
      else
        source_.decide(one.where,
                       "of a local-zone of type redirect Penstock has addresses of its own name only: left out");
      continue;
    }
    const auto [it, is_new] = names.try_emplace(one.name, zones_.size());
    if (is_new) zones_.push_back({one.name, Scope::name, {.kind = Kind::records}, one.where});
    zones_[it->second].target.records.push_back("@ " + one.record);
  }
}

Zone* UnboundLocal::zone_around(std::string_view wire_name) {
  Zone* found = nullptr;
  for (Zone& zone : zones_)
    if (zone.scope == Scope::zone && covers(zone, wire_name) &&
        (found == nullptr || zone.name.size() > found->name.size()))
      found = &zone;
  return found;
}

bool UnboundLocal::is_written(const WireName& name) const {
  const auto is_it = [&](const auto& one) { return one.first == name; };
  return nodefault_.contains(name) || std::any_of(open_.begin(), open_.end(), is_it) ||
         std::any_of(zones_.begin(), zones_.end(),
                     [&](const Zone& zone) { return zone.name == name && zone.scope == Scope::zone; });
}

// Local zones that Unbound has without being told. Penstock's `empty_zones:` are those of reverse names.
void UnboundLocal::add_built_in() {
  for (const char* text : {"test", "home.arpa"})
    if (const auto name = config::parse_name(text); !is_written(*name))
      zones_.push_back({*name, Scope::zone, {.kind = Kind::nxdomain}, {}});
  if (!source_.empty_zones) return;
  for (WireName& name : config::empty_zone_names())
    if (!is_written(name)) built_in_.insert(std::move(name));
}

// What the nearest forward-zone says, where a zone is closed around a name that is open.
void UnboundLocal::add_open() {
  const bool is_all_closed =
      std::any_of(zones_.begin(), zones_.end(), [](const Zone& zone) { return zone.name.size() == 1; });
  const auto add_hole = [&](const WireName& name, Where where) {
    const Zone* forwarded = nullptr;
    for (const Zone& zone : source_.zones)
      if (is_below(name, zone.name) && (forwarded == nullptr || zone.name.size() > forwarded->name.size()))
        forwarded = &zone;
    const auto is_same = [&](const Zone& zone) { return zone.name == name && zone.scope == Scope::zone; };
    if ((forwarded != nullptr && forwarded->name == name) || std::any_of(zones_.begin(), zones_.end(), is_same)) return;
    const Target target = forwarded != nullptr ? forwarded->target
                          : is_all_closed      ? source_.other
                                               : Target{.kind = Kind::as_default};
    zones_.push_back({name, Scope::zone, target, where});
    holes_.insert(name);
  };
  const auto is_closed = [&](const WireName& name) {
    return zone_around(name) != nullptr ||
           std::any_of(built_in_.begin(), built_in_.end(), [&](const WireName& one) { return is_below(name, one); });
  };
  for (const auto& [name, where] : open_) {
    holes_.insert(name);
    if (is_closed(name)) add_hole(name, where);
  }
  const std::vector<WireName> empty = config::empty_zone_names();
  for (const auto& [name, where] : nodefault_)
    if (source_.empty_zones && std::find(empty.begin(), empty.end(), name) != empty.end())
      add_hole(name, where);
    else
      source_.note(where, "nodefault counts for the very names that are built in only, and " + config::to_text(name) +
                              " is none of those that are left: it says nothing");
}

void UnboundLocal::drop_hidden() {
  std::erase_if(source_.zones, [&](const Zone& forwarded) {
    const Zone* around = zone_around(forwarded.name);
    size_t nearest = around == nullptr ? 0 : around->name.size();
    std::string what = around == nullptr         ? ""
                       : around->where.line == 0 ? "built-in local-zone " + config::to_text(around->name)
                                                 : "local-zone " + config::to_text(around->name) + " (" +
                                                       to_text(source_, around->where) + ")";
    for (const WireName& name : built_in_)
      if (is_below(forwarded.name, name) && name.size() > nearest) {
        nearest = name.size();
        what = "built-in local-zone " + config::to_text(name) + ", as no line says 'nodefault' for it";
      }
    const bool is_open = std::any_of(holes_.begin(), holes_.end(), [&](const WireName& name) {
      return is_below(forwarded.name, name) && name.size() >= nearest;
    });
    if (nearest == 0 || is_open) return false;
    source_.decide(forwarded.where,
                   config::to_text(forwarded.name) + " is left out: Unbound answers it from the " + what);
    return true;
  });
}

}  // namespace penstock::imports
