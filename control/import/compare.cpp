#include "control/import/compare.h"

#include <algorithm>

#include "config/check/views.h"
#include "control/import/form/order.h"

namespace penstock::imports {
namespace {

void add(std::vector<WireName>& names, WireName name) {
  if (name.size() > 1 && name.size() <= config::kMaxNameLength) names.push_back(std::move(name));
}

// "studio.example" -> "xstudio.example"
WireName look_alike(const WireName& name) {
  const auto length = static_cast<uint8_t>(name[0]);
  if (length == 0 || length >= config::kMaxLabelLength) return {};
  return std::string{static_cast<char>(length + 1), 'x'} + name.substr(1);
}

std::string in_source(const Source& source, const ZoneFinder& finder, const WireName& name, const std::string& group) {
  const Zone* const zone = deciding_zone(source, finder, name, group);
  return to_text(zone == nullptr || zone->target.kind == Kind::as_default ? source.other : zone->target);
}

std::string text_of(const config::Model& model, const config::Rule& rule) {
  Target target;
  switch (rule.action) {
    case config::Action::forward:
      target.kind = Kind::servers;
      for (const auto& endpoint : model.pools[rule.pool].endpoints) target.servers.push_back({endpoint.address});
      break;
    case config::Action::nxdomain:
      target.kind = Kind::nxdomain;
      break;
    case config::Action::nodata:
      target.kind = Kind::nodata;
      break;
    case config::Action::refused:
      break;
    case config::Action::records:
      target.kind = Kind::records;
      break;
    case config::Action::addresses:
      target.kind = Kind::addresses;
      target.addresses = rule.addresses;
      break;
  }
  return to_text(target);
}

std::string in_model(const config::Model& model, const config::ZoneIndex& index, const WireName& name,
                     const std::string& group) {
  for (const config::Rule* rule : config::rules_of(model, index, name, true)) {
    const bool is_for = rule->clients.empty() ||
                        std::any_of(rule->clients.begin(), rule->clients.end(),
                                    [&](uint32_t number) { return model.clients.groups[number].name == group; });
    if (is_for) return text_of(model, *rule);
    if (rule->otherwise == config::Otherwise::refuse) break;
  }
  return "refused";
}

}  // namespace

std::vector<WireName> names_to_compare(const Source& source, std::vector<WireName> queries) {
  std::vector<WireName> names = std::move(queries);
  const auto add_all = [&](const WireName& name) {
    add(names, name);
    add(names, std::string("\7compare", 8) + name);
    add(names, name.substr(static_cast<size_t>(static_cast<uint8_t>(name[0])) + 1));
    add(names, look_alike(name));
  };
  for (const Zone& zone : source.zones) add_all(zone.name);
  for (const WireName& name : source.hidden) add_all(name);
  add(names, *config::parse_name("of.no.zone.example"));
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

Comparison compare(const Source& source, const config::Model& model, const std::vector<WireName>& queries) {
  const ZoneFinder finder(source.zones);
  const config::ZoneIndex index(model.zones);
  std::vector<std::string> groups{""};
  for (const Group& group : source.groups) groups.push_back(group.name);
  Comparison result;
  for (const WireName& name : names_to_compare(source, queries)) {
    ++result.names;
    for (const std::string& group : groups) {
      std::string theirs = in_source(source, finder, name, group);
      std::string ours = in_model(model, index, name, group);
      if (theirs != ours) result.differences.push_back({name, group, std::move(theirs), std::move(ours)});
    }
  }
  return result;
}

std::string to_text(const Comparison& comparison) {
  std::string text;
  for (const Difference& one : comparison.differences)
    text += config::to_text(one.name) + (one.clients.empty() ? "" : " for " + one.clients) + ": " + one.source +
            " before, " + one.ours + " here\n";
  return text + std::to_string(comparison.names) + " names compared, " + std::to_string(comparison.differences.size()) +
         " differ\n";
}

}  // namespace penstock::imports
