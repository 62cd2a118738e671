#include <filesystem>

#include "config/model_reader.h"
#include "config/zones_file.h"

namespace penstock::config {
namespace {

constexpr uint64_t kMaxArena = UINT32_MAX - kMaxZonesFile * 2;  // offsets of names are 32 bits

// `pool:` or `answer:` of an entry, and what goes with them. The rule is not to be used when something was
// reported.
Rule read_target(ModelReader& reader, const YamlMap& map) {
  Rule rule;
  rule.where = map.value().where();
  const auto pool = map.get("pool");
  const auto answer = map.get("answer");
  if (pool && answer) {
    answer->error("'pool:' and 'answer:' exclude each other: keep one");
  } else if (!pool && !answer) {
    map.value().error("'pool: NAME' is missing, or 'answer: nxdomain', 'nodata' or 'refused'");
  }
  if (pool) {
    if (const auto number = reader.pool_number(*pool)) {
      rule.pool = *number;
      rule.is_private = reader.model.pools[*number].is_private;
    }
  } else if (answer) {
    if (const auto word = answer->word({"nxdomain", "nodata", "refused"})) rule.action = static_cast<Action>(*word + 1);
  }
  if (const auto value = map.get("private"))
    if (const auto wanted = value->boolean()) {
      // Fail closed: the safe reading of a contradiction would hide it.
      if (rule.is_private && !*wanted)
        value->error("the zones of pool '" + reader.model.pools[rule.pool].name +
                     "' are private: leave this out, or name another pool");
      rule.is_private = rule.is_private || *wanted;
    }
  if (const auto value = map.get("cache")) rule.cache = value->boolean().value_or(true);
  if (const auto value = map.get("expect")) rule.expect = value->prefixes();
  read_guard(map, rule);
  return rule;
}

void read_file_of_zones(ModelReader& reader, const YamlValue& value, Rule rule) {
  const auto written = value.text();
  if (!written) return;
  if (!reader.zones_folder) {
    value.error("a zones_file cannot be read here: the rules were not given as a file");
    return;
  }
  const std::string path = (std::filesystem::path(*reader.zones_folder) / *written).lexically_normal().string();
  const auto content = read_zones_content(path);
  if (!content) {
    value.error(path + " " + content.error());
    return;
  }
  if (reader.model.zones.bytes.size() > kMaxArena) {
    value.error("too many names: zone files may hold 2 GiB in all");
    return;
  }
  const auto file = static_cast<uint32_t>(reader.model.files.size());
  reader.model.files.push_back(path);
  rule.origin = *written;
  const uint32_t number = reader.add_rule(std::move(rule));
  if (read_zone_lines(*content, file, number, reader.model.zones, reader.findings) == 0)
    value.error(path + " has no names: write one a line, or take the entry out");
}

void read_one_zone(ModelReader& reader, const YamlValue& value, bool is_exact, Rule rule) {
  const auto written = value.text();
  if (!written) return;
  ZoneText zone = split_zone(*written);
  if (is_exact && (zone.scope == Scope::below || *written == "*")) {
    value.error("'name:' is one exact name: write 'zone: \"" + *written + "\"'");
    return;
  }
  if (*written == "*" || *written == "*." || *written == ".") {
    value.error("this is every name: write it as 'default: {pool: NAME}'");
    return;
  }
  if (zone.name.starts_with("*")) {
    value.error("a * may only stand first, as in *.example.com");
    return;
  }
  const auto name = parse_name(zone.name);
  if (!name) {
    value.name();  // reports it
    return;
  }
  const Where where = value.where();
  reader.model.zones.add(*name, is_exact ? Scope::name : zone.scope, reader.add_rule(std::move(rule)), where);
}

}  // namespace

void read_guard(const YamlMap& map, Rule& rule) {
  if (const auto value = map.get("on_leak"))
    if (const auto word = value->word({"servfail", "alarm"})) rule.on_leak = static_cast<OnLeak>(*word);
  if (const auto value = map.get("cname"))
    if (const auto word = value->word({"chase", "alarm", "pass"})) rule.cname = static_cast<CnameInto>(*word);
}

uint32_t ModelReader::add_rule(Rule rule) {
  model.rules.push_back(std::move(rule));
  return static_cast<uint32_t>(model.rules.size() - 1);
}

void ModelReader::read_zones(const YamlValue& list) {
  size_t index = 0;
  list.each([&](const YamlValue& item) {
    const std::string origin = "zones[" + std::to_string(index++) + "]";
    const YamlMap map(
        item, {"zone", "name", "zones_file", "pool", "answer", "private", "cache", "expect", "on_leak", "cname"});
    if (!map.is_valid()) return;
    Rule rule = read_target(*this, map);
    rule.origin = origin;
    const int kinds = map.has("zone") + map.has("name") + map.has("zones_file");
    if (kinds != 1) {
      item.error(kinds == 0
                     ? "which names? write 'zone: example.com', 'name: host.example.com' or 'zones_file: FILE'"
                     : "'zone:', 'name:' and 'zones_file:' exclude each other: keep one, write an entry for each");
    } else if (const auto file = map.get("zones_file")) {
      read_file_of_zones(*this, *file, std::move(rule));
    } else if (const auto zone = map.get("zone")) {
      read_one_zone(*this, *zone, false, std::move(rule));
    } else {
      read_one_zone(*this, *map.get("name"), true, std::move(rule));
    }
  });
}

void ModelReader::read_default(const YamlValue& section) {
  const YamlMap map(section, {"pool", "answer", "cache"});
  if (!map.is_valid()) return;
  Rule rule = read_target(*this, map);
  rule.origin = "default";
  if (const auto pool = map.get("pool"); pool && pool->is_scalar() && !map.has("answer"))
    if (const auto found = pool_numbers.find(pool->node().text); found != pool_numbers.end())
      default_pool = found->second;
  model.default_rule = add_rule(std::move(rule));
}

}  // namespace penstock::config
