#include "control/admin/explain_file.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "config/check/views.h"
#include "config/yaml/findings.h"
#include "control/admin/reports.h"
#include "control/rules/zone_records.h"

namespace penstock::control {
namespace {

using nlohmann::json;

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

const ClientRange* range_of(const std::vector<ClientRange>& ranges, const config::IpAddress& client) {
  Address128 at = 0;
  for (unsigned i = 0; i < (client.is_v4() ? 4U : 16U); ++i) at = at << 8 | client.bytes[i];
  const auto next = std::upper_bound(ranges.begin(), ranges.end(), at,
                                     [](Address128 value, const ClientRange& range) { return value < range.start; });
  return next == ranges.begin() ? nullptr : &*std::prev(next);
}

std::string joined(const json& list, const char* member) {
  std::string text;
  for (const json& one : list)
    text += (text.empty() ? "" : ", ") + (member == nullptr ? one.get<std::string>() : one[member].get<std::string>());
  return text;
}

std::string destination_of(const json& of) {
  if (of.contains("client") && !of["client"]["may_ask"].get<bool>())
    return std::string(of["client"]["answered"].get<bool>() ? "refused" : "not answered") + ", client not allowed";
  if (!of.contains("rule")) return "refused";
  const json& rule = of["rule"];
  if (rule["left_out"].get<bool>()) return "refused, not for this client";
  if (of.contains("pool"))
    return of["pool"]["name"].get<std::string>() + " (" + joined(of["endpoints"], "address") + ")";
  if (rule["action"] == "addresses") return "answer " + joined(of["answer"]["records"], nullptr);
  return rule["action"];
}

std::string reason_of(const json& of) {
  if (!of.contains("rule")) return "no zone has it, and there is no default";
  const json& rule = of["rule"];
  const std::string how = of["match"]["how"];
  std::string text = how == "default" ? "default" : of["match"]["zone"].get<std::string>();
  if (rule["line"].get<int>() != 0)
    text += ", " + rule["file"].get<std::string>() + ":" + std::to_string(rule["line"].get<int>());
  return text;
}

// One name; false: the words are no name or no address.
bool explain_line(const FileRules& rules, const ExplainOptions& options, const std::string& name,
                  const std::string& client, json& of) {
  const auto parsed = config::parse_name(name);
  const auto address = client.empty() ? config::IpAddress{} : config::parse_address(client);
  if (!parsed) std::cerr << "penstockctl: '" << name << "' is not a domain name: " << parsed.error() << '\n';
  if (!address) std::cerr << "penstockctl: '" << client << "' is not the IP address of a client\n";
  if (!parsed || !address) return false;
  of = rules.explain(*parsed, options.type, *address);
  if (options.as_json)
    std::cout << of.dump(-1, ' ', false, json::error_handler_t::replace) << '\n';
  else
    std::cout << name << (client.empty() ? "" : " for " + client) << " -> " << destination_of(of) << "   # "
              << reason_of(of) << '\n';
  return true;
}

int explain_lines(const FileRules& rules, const ExplainOptions& options, std::istream& lines) {
  bool all_read = true;
  json of;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string name;
    std::string client;
    if (!(words >> name)) continue;
    words >> client;
    all_read = explain_line(rules, options, name, client.empty() ? options.client : client, of) && all_read;
  }
  return all_read ? kDone : kUsage;
}

}  // namespace

FileRules::FileRules(const config::Model& model)
    : model_(model),
      index_(model.zones),
      clients_{flatten_clients(model.clients, 4), flatten_clients(model.clients, 6)} {}

config::Found FileRules::find(const config::WireName& name, const config::IpAddress& client) const {
  config::Found found;
  found.rule = config::kNoRule;
  const ClientRange* const range = client.family == 0 ? nullptr : range_of(clients_[client.is_v4() ? 0 : 1], client);
  found.may_ask = client.family == 0 || (range != nullptr && range->allowed) ? 1 : 0;
  found.group = range == nullptr ? uint16_t{0} : range->group;
  const auto take = [&](const config::Rule& rule, size_t matched_length, bool is_apex) {
    found.rule = config::RuleIndex{static_cast<uint32_t>(&rule - model_.rules.data())};
    found.matched_length = static_cast<uint8_t>(matched_length);
    found.is_apex = is_apex ? 1 : 0;
    const bool is_for = rule.clients.empty() || std::any_of(rule.clients.begin(), rule.clients.end(),
                                                            [&](uint32_t group) { return found.group == group + 1; });
    found.is_left_out = is_for ? 0 : 1;
    if (!rule.clients.empty()) found.depends_on_client = 1;
    return is_for || rule.otherwise == config::Otherwise::refuse;
  };
  for (const auto* entry : config::entries_of(model_, index_, name, true))
    if (take(model_.rules[entry->rule], entry->length, entry->length == name.size())) return found;
  if (model_.default_rule) {
    take(model_.rules[*model_.default_rule], 0, false);
  } else {
    found.rule = config::kNoRule;
    found.is_left_out = 0;
  }
  return found;
}

json FileRules::explain(const config::WireName& name, const std::string& type, const config::IpAddress& client) const {
  StatusView state;
  state.model = std::shared_ptr<const config::Model>(std::shared_ptr<void>(), &model_);
  json of = explain_report(state, name, type, client, find(name, client));
  of.erase("generation");
  of.erase("cache");
  if (!of.contains("pool")) return of;
  of["endpoints"] = json::array();
  for (const config::Endpoint& endpoint : model_.pools[model_.rules[of["rule"]["index"].get<size_t>()].pool].endpoints)
    of["endpoints"].push_back({{"address", config::to_string(endpoint.address)}});
  return of;
}

int explain_by_file(const ExplainOptions& options) {
  const config::ReadModel read = read_rules(options.config);
  if (!read.model) {
    for (const config::Finding& finding : read.findings) std::cerr << config::to_text(finding) << '\n';
    return kUsage;
  }
  const FileRules rules(*read.model);
  if (options.names == "-") return explain_lines(rules, options, std::cin);
  if (!options.names.empty()) {
    std::ifstream lines(options.names);
    if (lines) return explain_lines(rules, options, lines);
    std::cerr << "penstockctl: " << options.names << " cannot be read\n";
    return kUsage;
  }
  json of;
  if (!explain_line(rules, options, options.name, options.client, of)) return kUsage;
  const bool may_ask = !of.contains("client") || of["client"]["may_ask"].get<bool>();
  const bool left_out = of.contains("rule") && of["rule"]["left_out"].get<bool>();
  return may_ask && !(of.contains("client") && left_out) ? kDone : kFailed;
}

}  // namespace penstock::control
