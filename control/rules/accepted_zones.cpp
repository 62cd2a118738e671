#include "control/rules/accepted_zones.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>
#include <vector>

#include "config/files/own_files.h"
#include "control/rules/removal_guard.h"

namespace penstock::control {
namespace {

using config::Action;
using config::Model;
using config::PoolKind;
using config::Rule;
using config::Scope;
using Fields = std::vector<std::string_view>;

constexpr std::string_view kFirstLine = "penstock accepted-zones 1";

constexpr std::string_view kKinds[] = {"recursive", "route53-inbound"};
constexpr std::string_view kActions[] = {"forward", "nxdomain", "nodata", "refused", "records", "addresses"};
constexpr std::string_view kScopes[] = {"name", "zone", "below"};
constexpr std::string_view kPrivacy[] = {"public", "private"};
constexpr std::string_view kOtherwise[] = {"refuse", "next"};

template <size_t N>
bool parse(std::string_view text, const std::string_view (&words)[N], size_t& index) {
  index = static_cast<size_t>(std::find(words, words + N, text) - words);
  return index < N;
}

bool parse(std::string_view text, size_t below, size_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && number < below;
}

void split(std::string_view line, char separator, Fields& fields) {
  fields.clear();
  for (size_t at = 0; at <= line.size();) {
    const size_t end = std::min(line.find(separator, at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = end + 1;
  }
}

bool read_pool(const Fields& fields, Model& model) {
  size_t kind = 0, privacy = 0;
  if (fields.size() < 4 || !parse(fields[2], kKinds, kind) || !parse(fields[3], kPrivacy, privacy)) return false;
  config::Pool& pool = model.pools.emplace_back();
  pool.name = fields[1];
  pool.kind = static_cast<PoolKind>(kind);
  pool.is_private = privacy != 0;
  for (size_t i = 4; i < fields.size(); ++i) {
    const auto address = config::parse_address(std::string(fields[i]));
    if (!address) return false;
    pool.endpoints.push_back({*address, 0, 1, {}});
  }
  return true;
}

// A group's line: its name, its prefixes.
bool read_group(const Fields& fields, Model& model) {
  if (fields.size() < 2) return false;
  config::ClientGroup& group = model.clients.groups.emplace_back();
  group.name = fields[1];
  for (size_t i = 2; i < fields.size(); ++i) {
    const auto prefix = config::parse_prefix(fields[i]);
    if (!prefix) return false;
    group.prefixes.push_back(*prefix);
  }
  return true;
}

// A rule's line: action, privacy, pool; where it is for some clients, what becomes of others and the numbers of its groups.
bool read_rule(const Fields& fields, Model& model) {
  size_t action = 0, privacy = 0, pool = 0, otherwise = 0;
  if (fields.size() < 4 || !parse(fields[1], kActions, action) || !parse(fields[2], kPrivacy, privacy)) return false;
  Rule& rule = model.rules.emplace_back();
  rule.action = static_cast<Action>(action);
  rule.is_private = privacy != 0;
  if (rule.action == Action::forward && !parse(fields[3], model.pools.size(), pool)) return false;
  rule.pool = static_cast<uint32_t>(pool);
  if (fields.size() == 4) return true;
  if (fields.size() == 5 || !parse(fields[4], kOtherwise, otherwise)) return false;
  rule.otherwise = static_cast<config::Otherwise>(otherwise);
  for (size_t i = 5; i < fields.size(); ++i) {
    size_t group = 0;
    if (!parse(fields[i], model.clients.groups.size(), group)) return false;
    rule.clients.push_back(static_cast<uint32_t>(group));
  }
  return std::is_sorted(rule.clients.begin(), rule.clients.end());
}

// A name's line: scope, rule, name.
bool read_name(const Fields& fields, Model& model) {
  size_t scope = 0, rule = 0;
  if (fields.size() != 3 || !parse(fields[0], kScopes, scope) || !parse(fields[1], model.rules.size(), rule))
    return false;
  const auto name = config::parse_name(fields[2]);
  if (!name) return false;
  model.zones.add(*name, static_cast<Scope>(scope), static_cast<uint32_t>(rule), {});
  return true;
}

bool read_line(const Fields& fields, AcceptedZones& zones) {
  const std::string_view what = fields[0];
  size_t number = 0;
  if (std::find(std::begin(kScopes), std::end(kScopes), what) != std::end(kScopes))
    return read_name(fields, zones.model);
  if (what == "pool") return read_pool(fields, zones.model);
  if (what == "group") return read_group(fields, zones.model);
  if (what == "rule") return read_rule(fields, zones.model);
  if (what == "default") {
    if (fields.size() != 2 || !parse(fields[1], zones.model.rules.size(), number)) return false;
    zones.model.default_rule = static_cast<uint32_t>(number);
    return true;
  }
  if (what == "file") {
    if (fields.size() != 3 || !parse(fields[1], SIZE_MAX, number)) return false;
    zones.names_by_file[std::string(fields[2])] = number;
    return true;
  }
  return false;
}

}  // namespace

AcceptedZones accepted_zones(const Model& model) {
  AcceptedZones kept;
  kept.names_by_file = names_by_zones_file(model);
  kept.model.pools = model.pools;
  kept.model.rules = model.rules;
  kept.model.default_rule = model.default_rule;
  kept.model.clients.groups = model.clients.groups;
  for (const uint32_t i : entries_that_guard(model)) {
    const auto& entry = model.zones.entries[i];
    kept.model.zones.add(model.zones.name(entry), entry.scope, entry.rule, {});
  }
  return kept;
}

std::string to_text(const AcceptedZones& zones) {
  const Model& model = zones.model;
  std::string text(kFirstLine);
  size_t lines = 1;
  const auto end_line = [&] { text += '\n', ++lines; };
  end_line();
  const auto field = [&text](std::string_view value) { (text += '\t') += value; };
  for (const config::Pool& pool : model.pools) {
    text += "pool";
    field(pool.name);
    field(kKinds[static_cast<size_t>(pool.kind)]);
    field(kPrivacy[pool.is_private]);
    for (const config::Endpoint& endpoint : pool.endpoints) field(config::to_string(endpoint.address));
    end_line();
  }
  for (const config::ClientGroup& group : model.clients.groups) {
    text += "group";
    field(group.name);
    for (const config::IpPrefix& prefix : group.prefixes) field(config::to_string(prefix));
    end_line();
  }
  for (const Rule& rule : model.rules) {
    text += "rule";
    field(kActions[static_cast<size_t>(rule.action)]);
    field(kPrivacy[rule.is_private]);
    field(std::to_string(rule.pool));
    if (!rule.clients.empty()) field(kOtherwise[static_cast<size_t>(rule.otherwise)]);
    for (const uint32_t group : rule.clients) field(std::to_string(group));
    end_line();
  }
  if (model.default_rule) {
    text += "default";
    field(std::to_string(*model.default_rule));
    end_line();
  }
  for (const auto& [file, count] : zones.names_by_file) {
    text += "file";
    field(std::to_string(count));
    field(file);
    end_line();
  }
  for (const auto& entry : model.zones.entries) {
    text += kScopes[static_cast<size_t>(entry.scope)];
    field(std::to_string(entry.rule));
    field(config::to_text(model.zones.name(entry)));
    end_line();
  }
  text += "end\t" + std::to_string(lines) + "\n";
  return text;
}

tl::expected<AcceptedZones, std::string> parse_accepted_zones(const std::string& text) {
  AcceptedZones zones;
  std::string_view left = text;
  Fields fields;
  // A name's octets on the wire are as many as in its line at most.
  zones.model.zones.bytes.reserve(text.size());
  zones.model.zones.entries.reserve(static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
  for (size_t line = 1;; ++line) {
    const size_t end = left.find('\n');
    if (end == std::string_view::npos)
      return tl::make_unexpected("line " + std::to_string(line) + ": the file ends early");
    split(left.substr(0, end), '\t', fields);
    left.remove_prefix(end + 1);
    if (fields[0] == "end" && fields.size() == 2 && fields[1] == std::to_string(line) && left.empty()) return zones;
    if (line == 1 ? fields[0] != kFirstLine : !read_line(fields, zones))
      return tl::make_unexpected("line " + std::to_string(line) + " is invalid");
  }
}

tl::expected<void, std::string> write_accepted_zones(const std::string& path, const AcceptedZones& zones) {
  const std::string text = to_text(zones);
  return config::replace_file(path, std::as_bytes(std::span(text)), 0640);
}

tl::expected<AcceptedZones, std::string> read_accepted_zones(const std::string& path) {
  const auto text = config::read_own_file(path);
  if (!text) return tl::make_unexpected(text.error().text);
  auto zones = parse_accepted_zones(*text);
  if (!zones) return tl::make_unexpected(path + ": " + zones.error());
  return zones;
}

}  // namespace penstock::control
