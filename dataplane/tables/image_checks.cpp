#include "dataplane/tables/image_checks.h"

#include <algorithm>
#include <bitset>
#include <cstring>

#include "config/contract/enums.h"

namespace penstock::tables {
namespace {

using config::kNoRule;

std::string text(uint64_t number) {
  return std::to_string(number);
}
template <typename Tag, typename Number>
std::string text(config::Index<Tag, Number> index) {
  return text(uint64_t{index.value()});
}

uint64_t load(const std::byte* from, size_t size) {
  uint64_t value = 0;
  std::memcpy(&value, from, size);
  return value;
}

std::string text_of_range(const config::ImageField& field) {
  std::string range = text(field.least);
  if (field.most != field.least) range += " to " + text(field.most);
  return field.also == field.least ? range : range + " or " + text(field.also);
}

// An address of the family: behind IPv4's four octets there is nothing.
bool is_of_family(const uint8_t (&address)[16], uint8_t family) {
  return family == 6 || std::all_of(address + 4, address + 16, [](uint8_t octet) { return octet == 0; });
}

}  // namespace

Fault check_fields(std::span<const std::byte> records, size_t record_size, std::span<const config::ImageField> fields,
                   const std::string& what) {
  for (const config::ImageField& field : fields) {
    if (field.values != config::Values::range) continue;
    for (size_t at = 0; at + record_size <= records.size(); at += record_size)
      for (size_t i = 0; i < field.count; ++i) {
        const uint64_t value = load(&records[at + field.offset + i * field.size], field.size);
        if (!field.allows(value))
          return "its " + what + (records.size() == record_size ? "" : " " + text(at / record_size)) + " has " +
                 field.name + " " + text(value) + ", not " + text_of_range(field);
      }
  }
  return {};
}

Fault check_pools(config::ImagePools pools, config::ImageEndpoints endpoints) {
  if (auto fault = check_fields(pools.plain(), "pool")) return fault;
  uint64_t next = 0;
  for (const config::PoolIndex i : pools.indices()) {
    const config::ImagePool& pool = pools[i];
    const std::string name = "its pool " + text(i);
    if (pool.first_endpoint.value() != next)
      return name + " begins at endpoint " + text(pool.first_endpoint) + " instead of " + text(next);
    next += pool.endpoint_count;
    if (next > endpoints.size())
      return name + " has endpoints up to " + text(next) + ", the image has " + text(endpoints.size());
    if (pool.min_ttl > pool.max_ttl)
      return name + " has min_ttl " + text(pool.min_ttl) + " above max_ttl " + text(pool.max_ttl);
    for (const config::EndpointIndex e : pool.endpoints())
      if (endpoints[e].pool != i)
        return "its endpoint " + text(e) + " says pool " + text(endpoints[e].pool) + " but is listed by pool " +
               text(i);
  }
  if (next != endpoints.size())
    return text(endpoints.size() - next) + " of its " + text(endpoints.size()) + " endpoints belong to no pool";
  return {};
}

Fault check_endpoints(config::ImageEndpoints endpoints) {
  if (auto fault = check_fields(endpoints.plain(), "endpoint")) return fault;
  std::bitset<config::kMaxEndpoints> taken;
  for (const config::EndpointIndex i : endpoints.indices()) {
    const config::ImageEndpoint& endpoint = endpoints[i];
    const std::string name = "its endpoint " + text(i);
    if (!is_of_family(endpoint.address, endpoint.family)) return name + " has more than an address of IPv4";
    if (taken[endpoint.slot.value()]) return name + " has slot " + text(endpoint.slot) + ", which another endpoint has";
    taken[endpoint.slot.value()] = true;
  }
  return {};
}

Fault check_prefixes(std::span<const config::ImagePrefix> prefixes) {
  if (auto fault = check_fields(prefixes, "prefix")) return fault;
  for (size_t i = 0; i < prefixes.size(); ++i) {
    const config::ImagePrefix& prefix = prefixes[i];
    const std::string name = "its prefix " + text(i);
    const unsigned bits = prefix.family == 4 ? 32 : 128;
    if (prefix.length > bits) return name + " has " + text(prefix.length) + " bits of " + text(bits);
    for (unsigned bit = prefix.length; bit < 128; ++bit)
      if ((prefix.address[bit / 8] >> (7 - bit % 8) & 1) != 0) return name + " has bits set behind its length";
  }
  return {};
}

Fault check_groups(std::span<const config::ImageGroup> groups) {
  if (groups.empty() || groups.size() > config::kMaxClientGroups)
    return "it has " + text(groups.size()) + " groups of clients, not 1 to " + text(config::kMaxClientGroups);
  return check_fields(groups, "group");
}

Fault check_header(const config::ImageHeader& header, config::ImagePools pools, config::ImageRules rules) {
  const auto views = std::count_if(rules.begin(), rules.end(),
                                   [](const config::ImageRule& rule) { return rule.view != config::kEverybody; });
  if (header.has_views != (views == 0 ? 0 : 1))
    return "its header has has_views " + text(header.has_views) + ", the image has " +
           text(static_cast<uint64_t>(views)) + " rules with one";
  if (header.update_pool != config::kNoPool && !pools.has(header.update_pool))
    return "its updates go to pool " + text(header.update_pool) + ", the image has " + text(pools.size());
  return {};
}

Fault check_rules(config::ImageRules rules, config::RuleIndex default_rule, config::ImagePools pools, size_t prefixes,
                  std::span<const config::ImageLocalZone> local_zones, size_t views) {
  if (auto fault = check_fields(rules.plain(), "rule")) return fault;
  for (const config::RuleIndex i : rules.indices()) {
    const config::ImageRule& rule = rules[i];
    const std::string name = "its rule " + text(i);
    if (rule.action == static_cast<uint8_t>(config::Action::forward)) {
      if (!pools.has(rule.pool))
        return name + " forwards to pool " + text(rule.pool) + ", the image has " + text(pools.size());
      if (rule.is_private != 0 && pools[rule.pool].is_private == 0)
        return name + " is private and forwards to pool " + text(rule.pool) + ", which holds no private names";
    }
    if (const auto action = static_cast<config::Action>(rule.action);
        action != config::Action::forward && action != config::Action::refused) {
      if (rule.local_zone() >= local_zones.size())
        return name + " answers from local zone " + text(rule.local_zone()) + ", the image has " +
               text(local_zones.size());
      if ((action == config::Action::addresses) != (local_zones[rule.local_zone()].node != config::kNoNode))
        return name + " and its local zone disagree on whether all names have the same";
    }
    if (rule.first_prefix > prefixes || rule.prefix_count > prefixes - rule.first_prefix)
      return name + " expects prefixes up to " + text(uint64_t{rule.first_prefix} + rule.prefix_count) +
             ", the image has " + text(prefixes);
    if (rule.view != config::kEverybody && rule.view >= views)
      return name + " is for view " + text(rule.view) + ", the image has " + text(views);
    if (rule.transfers > views)
      return name + " is transferred to view " + text(rule.transfers - 1U) + ", the image has " + text(views);
    if (rule.next_rule != kNoRule && !rules.has(rule.next_rule))
      return name + " has next rule " + text(rule.next_rule) + ", the image has " + text(rules.size());
  }
  // Whoever follows them comes to an end, and soon.
  for (const config::RuleIndex i : rules.indices()) {
    size_t length = 1;
    for (config::RuleIndex next = rules[i].next_rule; next != kNoRule; next = rules[next].next_rule)
      if (++length > config::kMostRulesOfName)
        return "its rule " + text(i) + " has more than " + text(config::kMostRulesOfName - 1) + " next rules";
  }
  if (default_rule != kNoRule && !rules.has(default_rule))
    return "its default is rule " + text(default_rule) + ", the image has " + text(rules.size());
  return {};
}

namespace {

unsigned __int128 start_of(const config::ImageClientsV4& range) {
  return range.start;
}
unsigned __int128 start_of(const config::ImageClientsV6& range) {
  return static_cast<unsigned __int128>(range.start_high) << 64 | range.start_low;
}

template <typename Range>
Fault check_ranges(std::span<const Range> ranges, const std::string& family, size_t groups) {
  if (ranges.empty()) return "it has no range of " + family + " clients";
  if (auto fault = check_fields(ranges, "range of " + family + " clients")) return fault;
  if (start_of(ranges[0]) != 0) return "its first range of " + family + " clients does not start at address 0";
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (i > 0 && start_of(ranges[i]) <= start_of(ranges[i - 1]))
      return "its range " + text(i) + " of " + family + " clients does not start behind the one before";
    if (ranges[i].group >= groups)
      return "its range " + text(i) + " of " + family + " clients is of group " + text(ranges[i].group) +
             ", the image has " + text(groups);
  }
  return {};
}

}  // namespace

Fault check_clients(std::span<const config::ImageClientsV4> v4, std::span<const config::ImageClientsV6> v6,
                    size_t groups) {
  if (auto fault = check_ranges(v4, "v4", groups)) return fault;
  return check_ranges(v6, "v6", groups);
}

}  // namespace penstock::tables
