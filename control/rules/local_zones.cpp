#include "control/rules/local_zones.h"

#include <algorithm>
#include <bit>
#include <map>
#include <string_view>
#include <tuple>
#include <unordered_map>

#include "config/contract/suffix_hash.h"
#include "control/rules/zone_records.h"

namespace penstock::control {
namespace {

using config::Action;
using config::ImageLocalNode;
using config::ImageLocalSet;
using config::ImageLocalSlot;
using config::ImageLocalZone;
using config::kNoNode;
using config::Model;
using config::Rule;
using Entry = config::ZoneNames::Entry;

constexpr uint16_t kTypeA = 1;
constexpr uint16_t kTypeSoa = 6;
constexpr uint16_t kTypeAaaa = 28;
constexpr uint16_t kBlocked = 15;  // INFO-CODE of RFC 8914

void put16(std::string& to, uint32_t value) {
  to.push_back(static_cast<char>(value >> 8));
  to.push_back(static_cast<char>(value));
}
void put32(std::string& to, uint32_t value) {
  put16(to, value >> 16);
  put16(to, value & 0xffff);
}

std::string on_wire(uint16_t type, uint32_t ttl, std::string_view data) {
  std::string wire;
  put16(wire, type);
  put16(wire, 1);
  put32(wire, ttl);
  put16(wire, static_cast<uint32_t>(data.size()));
  return wire.append(data);
}

// Of a zone whose user wrote none. Clients that would update the zone at its MNAME find themselves.
std::string made_up_soa(uint32_t minimum) {
  using namespace std::string_view_literals;
  std::string data("\11localhost\0\6nobody\7invalid\0"sv);
  for (const uint32_t value : {1U, 3600U, 1200U, 604'800U, minimum}) put32(data, value);
  return data;
}

uint32_t minimum_of(std::string_view soa) {
  uint32_t value = 0;
  for (const char octet : soa.substr(soa.size() - 4)) value = value << 8 | static_cast<uint8_t>(octet);
  return value;
}

std::string_view parent(std::string_view name) {
  return name.substr(static_cast<uint8_t>(name[0]) + 1U);
}

class Layout {
 public:
  explicit Layout(const Model& model) : model_(model) { result_.zone_of_rule.resize(model.rules.size()); }

  std::string build(uint64_t hash_key) {
    std::vector<std::vector<const Entry*>> entries(model_.rules.size());
    for (const Entry& entry : model_.zones.entries)
      if (model_.rules[entry.rule].action == Action::records) entries[entry.rule].push_back(&entry);
    for (size_t i = 0; i < model_.rules.size(); ++i) {
      const Rule& rule = model_.rules[i];
      if (rule.action == Action::forward || rule.action == Action::refused) continue;
      if (rule.action != Action::records)
        result_.zone_of_rule[i] = same_for_all(rule);
      else if (auto problem = add_zone(rule, entries[i], result_.zone_of_rule[i]); !problem.empty())
        return problem;
    }
    fill_slots(hash_key);
    return {};
  }

  LocalZones take() { return std::move(result_); }

 private:
  // The set's index.
  uint32_t add_set(uint16_t type, std::string_view wire, uint16_t count) {
    result_.sets.push_back(
        {static_cast<uint32_t>(result_.bytes.size()), static_cast<uint32_t>(wire.size()), type, count, 0});
    result_.bytes.insert(result_.bytes.end(), wire.begin(), wire.end());
    return static_cast<uint32_t>(result_.sets.size() - 1);
  }

  // The SOA that goes with an answer that there is nothing (RFC 2308 section 5).
  uint32_t add_negative_soa(std::string_view data, uint32_t ttl) {
    return add_set(kTypeSoa, on_wire(kTypeSoa, std::min(ttl, minimum_of(data)), data), 1);
  }

  // Lists of names have one rule, but every name may have one: those that say the same share it.
  uint32_t same_for_all(const Rule& rule) {
    const auto error =
        static_cast<uint16_t>(rule.action == Action::addresses || rule.is_built_in ? config::kNoError : kBlocked);
    const auto [known, is_new] =
        same_.try_emplace({rule.action, rule.ttl, error, rule.addresses}, static_cast<uint32_t>(result_.zones.size()));
    if (!is_new) return known->second;
    ImageLocalZone zone{};
    zone.soa = add_negative_soa(made_up_soa(rule.ttl), rule.ttl);
    zone.node = kNoNode;
    zone.error = error;
    if (rule.action == Action::addresses) {
      ImageLocalNode node{};
      node.zone = static_cast<uint32_t>(result_.zones.size());
      node.first = static_cast<uint32_t>(result_.sets.size());
      node.wildcard = kNoNode;
      for (const auto& [type, family, length] : {std::tuple{kTypeA, 4, 4}, std::tuple{kTypeAaaa, 6, 16}}) {
        std::string wire;
        uint16_t count = 0;
        for (const config::IpAddress& address : rule.addresses) {
          if (address.family != family) continue;
          const auto* octets = reinterpret_cast<const char*>(address.bytes.data());
          wire += on_wire(type, rule.ttl, {octets, static_cast<size_t>(length)});
          ++count;
        }
        if (count == 0) continue;
        add_set(type, wire, count);
        ++node.sets;
      }
      zone.node = static_cast<uint32_t>(result_.nodes.size());
      result_.nodes.push_back(node);
    }
    result_.zones.push_back(zone);
    return known->second;
  }

  std::string add_zone(const Rule& rule, const std::vector<const Entry*>& entries, uint32_t& number) {
    number = static_cast<uint32_t>(result_.zones.size());
    result_.zones.emplace_back();
    std::string soa = made_up_soa(rule.ttl);
    uint32_t soa_ttl = rule.ttl;
    for (const Entry* entry : entries) {
      const std::string_view name = model_.zones.name(*entry);
      ZoneRecords read = read_zone_records(rule, name, entry->scope);
      if (!read.faults.empty()) {
        const RecordFault& fault = read.faults.front();
        return model_.files[fault.where.file] + ":" + std::to_string(fault.where.line) + ": " + fault.text;
      }
      const auto written = std::find_if(read.records.begin(), read.records.end(),
                                        [](const ZoneRecord& record) { return record.type == kTypeSoa; });
      if (written != read.records.end()) {
        soa = written->data;
        soa_ttl = written->ttl;
      } else if (!has_cname(read.records, name)) {
        insert_soa(read.records, {config::WireName(name), kTypeSoa, soa_ttl, soa, {}});
      }
      add_names(read.records, name, number);
    }
    ImageLocalZone& zone = result_.zones[number];
    zone.soa = add_negative_soa(soa, soa_ttl);
    zone.node = kNoNode;
    zone.error = config::kNoError;
    return {};
  }

  static bool has_cname(const std::vector<ZoneRecord>& records, std::string_view name) {
    return std::any_of(records.begin(), records.end(),
                       [&](const ZoneRecord& record) { return record.type == 5 && record.owner == name; });
  }

  static void insert_soa(std::vector<ZoneRecord>& records, ZoneRecord soa) {
    const auto at = std::lower_bound(records.begin(), records.end(), soa, [](const ZoneRecord& a, const ZoneRecord& b) {
      return std::tie(a.owner, a.type) < std::tie(b.owner, b.type);
    });
    records.insert(at, std::move(soa));
  }

  // `records` are sorted by owner and type.
  void add_names(const std::vector<ZoneRecord>& records, std::string_view apex, uint32_t zone) {
    std::unordered_map<std::string_view, uint32_t> nodes;  // of this apex
    add_node(apex, apex, zone, nodes);
    for (size_t i = 0; i < records.size();) {
      const std::string_view owner = records[i].owner;
      const uint32_t number = add_node(owner, apex, zone, nodes);
      const auto first = static_cast<uint32_t>(result_.sets.size());
      uint16_t sets = 0;
      while (i < records.size() && records[i].owner == owner) {
        i = add_set_of(records, i);
        ++sets;
      }
      result_.nodes[number].first = first;
      result_.nodes[number].sets = sets;
    }
    for (const auto& [name, number] : nodes)
      if (name.starts_with(std::string_view("\1*", 2)) && name.size() > apex.size())
        if (const auto above = nodes.find(parent(name)); above != nodes.end())
          result_.nodes[above->second].wildcard = number;
  }

  // The index behind the set's last record.
  size_t add_set_of(const std::vector<ZoneRecord>& records, size_t i) {
    const ZoneRecord& first = records[i];
    size_t end = i;
    uint32_t ttl = first.ttl;  // RFC 2181 section 5.2: one for the set
    for (; end < records.size() && records[end].owner == first.owner && records[end].type == first.type; ++end)
      ttl = std::min(ttl, records[end].ttl);
    std::string wire;
    for (size_t k = i; k < end; ++k) wire += on_wire(first.type, ttl, records[k].data);
    add_set(first.type, wire, static_cast<uint16_t>(std::min<size_t>(end - i, UINT16_MAX)));
    return end;
  }

  // With all names between it and the apex: empty non-terminals exist (RFC 4592 section 2.2.2).
  uint32_t add_node(std::string_view name, std::string_view apex, uint32_t zone,
                    std::unordered_map<std::string_view, uint32_t>& nodes) {
    const auto [known, is_new] = nodes.try_emplace(name, static_cast<uint32_t>(result_.nodes.size()));
    if (!is_new) return known->second;
    const uint32_t number = known->second;
    ImageLocalNode node{};
    node.zone = zone;
    node.name = static_cast<uint32_t>(result_.bytes.size());
    node.wildcard = kNoNode;
    node.name_length = static_cast<uint8_t>(name.size());
    node.labels = static_cast<uint8_t>(config::label_count(name));
    result_.bytes.insert(result_.bytes.end(), name.begin(), name.end());
    result_.nodes.push_back(node);
    result_.zones[zone].deepest = std::max(result_.zones[zone].deepest, node.labels);
    if (name.size() > apex.size()) add_node(parent(name), apex, zone, nodes);
    return number;
  }

  void fill_slots(uint64_t hash_key) {
    const auto is_named = [](const ImageLocalNode& node) { return node.name_length != 0; };
    const auto named = static_cast<size_t>(std::count_if(result_.nodes.begin(), result_.nodes.end(), is_named));
    if (named == 0) return;
    result_.slots.assign(std::bit_ceil(named * 2), {0, kNoNode});
    const uint64_t mask = result_.slots.size() - 1;
    for (uint32_t i = 0; i < result_.nodes.size(); ++i) {
      const ImageLocalNode& node = result_.nodes[i];
      if (!is_named(node)) continue;
      const std::string_view name(reinterpret_cast<const char*>(result_.bytes.data()) + node.name, node.name_length);
      const uint64_t hash = config::local_hash(config::hash_of_name(name, hash_key), node.zone);
      uint64_t at = hash & mask;
      while (result_.slots[at].node != kNoNode) at = (at + 1) & mask;
      result_.slots[at] = {static_cast<uint32_t>(hash >> 32), i};
    }
  }

  const Model& model_;
  LocalZones result_;
  std::map<std::tuple<Action, uint32_t, uint16_t, std::vector<config::IpAddress>>, uint32_t> same_;
};

}  // namespace

tl::expected<LocalZones, std::string> lay_out_local_zones(const Model& model, uint64_t hash_key) {
  Layout layout(model);
  if (auto problem = layout.build(hash_key); !problem.empty()) return tl::unexpected(std::move(problem));
  return layout.take();
}

}  // namespace penstock::control
