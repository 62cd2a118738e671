#include <algorithm>
#include <filesystem>

#include "config/read/model_reader.h"
#include "config/read/reverse_zones.h"
#include "config/read/zones_file.h"

namespace penstock::config {
namespace {

constexpr uint64_t kMaxArena = UINT32_MAX - kMaxZonesFile * 2;  // offsets of names are 32 bits

constexpr uint32_t kLongestTtl = 0x7fffffff;  // s (RFC 2181 section 8)

// A word, or the addresses that every name of the entry has.
void read_answer(const YamlValue& answer, Rule& rule) {
  if (answer.is_scalar() && !parse_address(answer.node().text)) {
    static constexpr std::string_view kWords[] = {"nxdomain", "nodata", "refused"};
    const auto* const word = std::find(std::begin(kWords), std::end(kWords), answer.node().text);
    if (word == std::end(kWords))
      answer.error("'" + answer.node().text + "' should be nxdomain, nodata or refused, or one or more addresses");
    else
      rule.action = static_cast<Action>(word - std::begin(kWords) + 1);
    return;
  }
  rule.action = Action::addresses;
  answer.each(
      [&](const YamlValue& item) {
        const auto address = item.address();
        if (!address) return;
        if (std::find(rule.addresses.begin(), rule.addresses.end(), *address) != rule.addresses.end())
          item.error(to_string(*address) + " is listed twice: keep one");
        else
          rule.addresses.push_back(*address);
      },
      true);
  if (rule.addresses.empty()) answer.error("it has no address: write 'answer: ADDRESS', or 'answer: nodata'");
}

void read_records(const YamlValue& records, Rule& rule) {
  rule.action = Action::records;
  records.each(
      [&](const YamlValue& item) {
        if (auto text = item.text()) rule.records.push_back({std::move(*text), item.where()});
      },
      true);
}

void read_zone_file(ModelReader& reader, const YamlValue& value, Rule& rule) {
  rule.action = Action::records;
  const auto file = static_cast<uint32_t>(reader.model.files.size());
  if (const std::string* content = reader.take_file(value, "zone_file")) rule.records.push_back({*content, {file, 1}});
}

// What an entry's names are answered with, or by whom, and what goes with it. The rule is not to be used when something was
// reported.
Rule read_target(ModelReader& reader, const YamlMap& map) {
  Rule rule;
  rule.where = map.value().where();
  const auto pool = map.get("pool");
  const auto answer = map.get("answer");
  const auto records = map.get("records");
  const auto zone_file = map.get("zone_file");
  const int targets = pool.has_value() + answer.has_value() + records.has_value() + zone_file.has_value();
  if (targets > 1) {
    // Told of the last one: the first may be what was there before.
    const YamlValue& last = zone_file ? *zone_file : records ? *records : *answer;
    last.error("'pool:', 'answer:', 'records:' and 'zone_file:' exclude each other: keep one");
  } else if (targets == 0) {
    map.value().error(
        "'pool: NAME' is missing, or 'answer: nxdomain', 'nodata', 'refused' or addresses, or 'records:'");
  }
  if (pool) {
    if (const auto number = reader.pool_number(*pool)) {
      rule.pool = *number;
      rule.is_private = reader.model.pools[*number].is_private;
    }
  } else if (answer) {
    read_answer(*answer, rule);
  } else if (records) {
    read_records(*records, rule);
  } else if (zone_file) {
    read_zone_file(reader, *zone_file, rule);
  }
  if (const auto value = map.get("ttl")) {
    if (pool)
      value->error("'ttl:' is for names answered here: for a pool's answers write 'cache:' at the pool");
    else if (const auto seconds = value->number(0, kLongestTtl))
      rule.ttl = *seconds;
  }
  if (const auto value = map.get("private"))
    if (const auto wanted = value->boolean()) {
      // Fail closed: the safe reading of a contradiction would hide it.
      if (rule.is_private && !*wanted)
        value->error("the zones of pool '" + reader.model.pools[rule.pool].name +
                     "' are private: leave this out, or name another pool");
      rule.is_private = rule.is_private || *wanted;
    }
  if (const auto value = map.get("cache")) {
    if (value->is_map())
      value->error("write on or off here: how long answers are cached is a setting of the pool");
    else
      rule.cache = value->boolean().value_or(true);
  }
  if (const auto value = map.get("expect")) rule.expect = value->prefixes();
  read_guard(map, rule);
  return rule;
}

void read_file_of_zones(ModelReader& reader, const YamlValue& value, Rule rule) {
  const auto file = static_cast<uint32_t>(reader.model.files.size());
  const std::string* content = reader.take_file(value, "zones_file");
  if (content == nullptr) return;
  if (reader.model.zones.bytes.size() > kMaxArena) {
    value.error("too many names: zone files are limited to 2 GiB in total");
    return;
  }
  rule.origin = value.node().text;
  const uint32_t number = reader.add_rule(std::move(rule));
  if (read_zone_lines(*content, file, number, reader.model.zones, reader.findings) == 0)
    value.error(reader.model.files[file] + " has no names: write one per line, or remove the entry");
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
    value.error("this matches every name: write it as 'default: {pool: NAME}'");
    return;
  }
  if (zone.name.starts_with("*")) {
    value.error("a * is only allowed first, as in *.example.com");
    return;
  }
  if (rule.action == Action::records && zone.scope == Scope::below) {
    value.error("records belong to a whole zone with its apex: write 'zone: " + std::string(zone.name) + "'");
    return;
  }
  const Where where = value.where();
  if (is_prefix_text(zone.name)) {
    if (is_exact || zone.scope == Scope::below) {
      value.error("a network stands for whole reverse zones: write 'zone: " + std::string(zone.name) + "'");
      return;
    }
    const auto prefix = value.prefix();
    if (!prefix) return;
    const std::vector<WireName> names = reverse_zones(*prefix);
    if (rule.action == Action::records && names.size() > 1) {
      value.error("records belong to one zone, and this network has " + std::to_string(names.size()) +
                  " reverse zones, the first is " + to_text(names.front()) + ": write an entry for each");
      return;
    }
    const uint32_t number = reader.add_rule(std::move(rule));
    for (const WireName& name : names) reader.model.zones.add(name, Scope::zone, number, where);
    return;
  }
  if (const std::string problem = zone_problem(zone.name); !problem.empty() && parse_name(zone.name)) {
    value.error("'" + written->substr(0, 80) + "'" + problem);
    return;
  }
  const auto name = parse_name(zone.name);
  if (!name) {
    value.name();  // reports it
    return;
  }
  reader.model.zones.add(*name, is_exact ? Scope::name : zone.scope, reader.add_rule(std::move(rule)), where);
}

}  // namespace

void read_guard(const YamlMap& map, Rule& rule) {
  if (const auto value = map.get("on_leak"))
    if (const auto word = value->word({"servfail", "alarm"})) rule.on_leak = static_cast<OnLeak>(*word);
  if (const auto value = map.get("cname"))
    if (const auto word = value->word({"chase", "alarm", "pass"})) rule.cname = static_cast<CnameInto>(*word);
}

void read_view(const ModelReader& reader, const YamlMap& map, Rule& rule) {
  const auto clients = map.get("clients");
  if (const auto value = map.get("otherwise")) {
    if (!clients) value->error("'otherwise:' has no effect without 'clients:': write 'clients: [GROUP]' too");
    if (const auto word = value->word({"refuse", "next"})) rule.otherwise = static_cast<Otherwise>(*word);
  }
  if (clients) rule.clients = read_groups(reader, *clients, "leave 'clients:' out for everybody");
}

std::vector<uint32_t> read_groups(const ModelReader& reader, const YamlValue& list, const std::string& or_else) {
  std::vector<uint32_t> numbers;
  const auto& groups = reader.model.clients.groups;
  list.each(
      [&](const YamlValue& item) {
        const auto name = item.text();
        if (!name) return;
        const auto found =
            std::find_if(groups.begin(), groups.end(), [&](const auto& one) { return one.name == *name; });
        if (found == groups.end()) {
          std::vector<std::string_view> names;
          names.reserve(groups.size());
          for (const ClientGroup& group : groups) names.push_back(group.name);
          const auto nearest = nearest_word(*name, names);
          item.error("there is no group '" + *name + "'" +
                     (!nearest.empty() ? "; did you mean '" + std::string(nearest) + "'?"
                                       : ": write it under 'clients: {groups: ...}'"));
          return;
        }
        const auto number = static_cast<uint32_t>(found - groups.begin());
        if (std::find(numbers.begin(), numbers.end(), number) != numbers.end())
          item.error("group '" + *name + "' is listed twice");
        else
          numbers.push_back(number);
      },
      true);
  std::sort(numbers.begin(), numbers.end());
  if (list.is_sequence() && list.node().items.empty())
    list.error("the list is empty: name a group of clients, or " + or_else);
  return numbers;
}

// A transfer gives a whole zone away, and no guard looks into it.
void read_transfers(const ModelReader& reader, const YamlMap& map, Rule& rule) {
  const auto value = map.get("transfers");
  if (!value) return;
  rule.transfers = read_groups(reader, *value, "leave 'transfers:' out for nobody");
  const auto zone = map.get("zone");
  if (!map.has("pool"))
    value->error("'transfers:' is for the zone of a pool's servers: write it beside 'pool:'");
  else if (!zone || (zone->is_scalar() && zone->node().text.starts_with("*")))
    value->error("a whole zone is transferred, by its own name: write it beside 'zone: NAME'");
  else if (map.has("expect"))
    value->error("'transfers:' and 'expect:' exclude each other: records of a transfer are relayed unchecked");
}

uint32_t ModelReader::add_rule(Rule rule) {
  model.rules.push_back(std::move(rule));
  return static_cast<uint32_t>(model.rules.size() - 1);
}

void ModelReader::read_zones(const YamlValue& list) {
  size_t index = 0;
  list.each([&](const YamlValue& item) {
    const std::string origin = "zones[" + std::to_string(index++) + "]";
    const YamlMap map(item, Place::zone);
    if (!map.is_valid()) return;
    Rule rule = read_target(*this, map);
    read_view(*this, map, rule);
    read_transfers(*this, map, rule);
    rule.origin = origin;
    const int kinds = map.has("zone") + map.has("name") + map.has("zones_file");
    if (kinds != 1) {
      item.error(
          kinds == 0
              ? "the names are missing: write 'zone: example.com', 'name: host.example.com' or 'zones_file: FILE'"
              : "'zone:', 'name:' and 'zones_file:' exclude each other: keep one, write an entry for each");
    } else if (const auto file = map.get("zones_file"); file && rule.action == Action::records) {
      file->error(
          "records belong to one zone: write an entry with 'zone:' for each, or 'answer: ADDRESS' for all of them");
    } else if (file) {
      read_file_of_zones(*this, *file, std::move(rule));
    } else if (const auto zone = map.get("zone")) {
      read_one_zone(*this, *zone, false, std::move(rule));
    } else {
      read_one_zone(*this, *map.get("name"), true, std::move(rule));
    }
  });
}

void ModelReader::read_default(const YamlValue& section) {
  const YamlMap map(section, Place::default_names);
  if (!map.is_valid()) return;
  Rule rule = read_target(*this, map);
  rule.origin = "default";
  if (const auto pool = map.get("pool"); pool && pool->is_scalar() && !map.has("answer"))
    if (const auto found = pool_numbers.find(pool->node().text); found != pool_numbers.end())
      default_pool = found->second;
  model.default_rule = add_rule(std::move(rule));
}

void ModelReader::read_empty_zones(const YamlValue& value) {
  model.empty_zones = value.boolean().value_or(false);
}

// Members of a domain update the primary server, which is one of the corporate ones.
void ModelReader::read_updates(const YamlValue& value) {
  const auto pool = pool_number(value);
  if (pool && model.pools[*pool].is_private)
    value.error("the pool '" + model.pools[*pool].name +
                "' is private, and updates of private zones are refused: name another");
  model.updates = pool;
}

void ModelReader::read_browser_canaries(const YamlValue& value) {
  if (const auto word = value.word({"off", "nxdomain"})) model.browser_canaries = *word == 1;
}

}  // namespace penstock::config
