#include "dataplane/tables/image_checks.h"

#include <algorithm>
#include <bitset>

#include "config/model.h"

namespace penstock::tables {
namespace {

using config::kNoRule;

std::string text(uint64_t number) {
  return std::to_string(number);
}

}  // namespace

Fault check_pools(std::span<const config::ImagePool> pools, std::span<const config::ImageEndpoint> endpoints) {
  uint64_t next = 0;
  for (size_t i = 0; i < pools.size(); ++i) {
    const config::ImagePool& pool = pools[i];
    const std::string name = "its pool " + text(i);
    if (pool.endpoint_count == 0) return name + " has no endpoint";
    if (pool.first_endpoint != next)
      return name + " begins at endpoint " + text(pool.first_endpoint) + " instead of " + text(next);
    next += pool.endpoint_count;
    if (next > endpoints.size())
      return name + " has endpoints up to " + text(next) + ", the image has " + text(endpoints.size());
    if (pool.kind > static_cast<uint8_t>(config::PoolKind::route53_inbound))
      return name + " is of unknown kind " + text(pool.kind);
    if (pool.policy > static_cast<uint8_t>(config::Policy::ordered))
      return name + " has unknown policy " + text(pool.policy);
    if (pool.cache > config::kCacheAll) return name + " has cache " + text(pool.cache) + ", not 0 to 31";
    if (pool.retry_on > (config::kRetryOnServfail | config::kRetryOnRefused))
      return name + " has retry_on " + text(pool.retry_on) + ", not 0 to 3";
    if (pool.pipelining > static_cast<uint8_t>(config::Pipelining::off))
      return name + " has pipelining " + text(pool.pipelining) + ", not 0 to 2";
    if (pool.edns > config::kEdnsAll) return name + " has edns " + text(pool.edns) + ", not 0 to 15";
    if (pool.udp_size < config::kLeastUdpSize || pool.udp_size > config::kLargestUdpSize)
      return name + " has udp_size " + text(pool.udp_size) + ", not 512 to 4096";
    if (pool.pass_option_count > config::kMaxPassOptions)
      return name + " passes " + text(pool.pass_option_count) + " options, not 0 to 8";
    if (pool.is_private > 1) return name + " has is_private " + text(pool.is_private) + ", not 0 or 1";
    for (uint64_t e = pool.first_endpoint; e < next; ++e)
      if (endpoints[e].pool != i)
        return "its endpoint " + text(e) + " says pool " + text(endpoints[e].pool) + " but is listed by pool " +
               text(i);
  }
  if (next != endpoints.size())
    return text(endpoints.size() - next) + " of its " + text(endpoints.size()) + " endpoints belong to no pool";
  return {};
}

Fault check_endpoints(std::span<const config::ImageEndpoint> endpoints) {
  std::bitset<config::kMaxEndpoints> taken;
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const config::ImageEndpoint& endpoint = endpoints[i];
    const std::string name = "its endpoint " + text(i);
    if (endpoint.family != 4 && endpoint.family != 6) return name + " is of unknown family " + text(endpoint.family);
    if (endpoint.slot >= config::kMaxEndpoints)
      return name + " has slot " + text(endpoint.slot) + ", slots end at " + text(config::kMaxEndpoints - 1);
    if (taken[endpoint.slot]) return name + " has slot " + text(endpoint.slot) + ", which another endpoint has";
    taken[endpoint.slot] = true;
    if (endpoint.weight == 0) return name + " has weight 0";
  }
  return {};
}

Fault check_prefixes(std::span<const config::ImagePrefix> prefixes) {
  for (size_t i = 0; i < prefixes.size(); ++i) {
    const config::ImagePrefix& prefix = prefixes[i];
    const std::string name = "its prefix " + text(i);
    if (prefix.family != 4 && prefix.family != 6) return name + " is of unknown family " + text(prefix.family);
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
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].weight == 0) return "its group " + text(i) + " of clients has weight 0";
    const uint16_t size = groups[i].udp_size;
    if (size != 0 && (size < config::kLeastUdpSize || size > config::kLargestUdpSize))
      return "its group " + text(i) + " of clients has udp_size " + text(size) + ", not 512 to 4096";
  }
  return {};
}

Fault check_header(const config::ImageHeader& header, size_t pools, std::span<const config::ImageRule> rules) {
  if (header.over_rate > static_cast<uint8_t>(config::OverRate::drop))
    return "its header has unknown over_rate " + text(header.over_rate);
  const auto views = std::count_if(rules.begin(), rules.end(),
                                   [](const config::ImageRule& rule) { return rule.view != config::kEverybody; });
  if (header.has_views != (views == 0 ? 0 : 1))
    return "its header has has_views " + text(header.has_views) + ", the image has " +
           text(static_cast<uint64_t>(views)) + " rules with one";
  if (header.update_pool != config::kNoPool && header.update_pool >= pools)
    return "its updates go to pool " + text(header.update_pool) + ", the image has " + text(pools);
  return {};
}

Fault check_rules(std::span<const config::ImageRule> rules, uint32_t default_rule, size_t pools, size_t prefixes,
                  std::span<const config::ImageLocalZone> local_zones, size_t views) {
  for (size_t i = 0; i < rules.size(); ++i) {
    const config::ImageRule& rule = rules[i];
    const std::string name = "its rule " + text(i);
    if (rule.action > static_cast<uint8_t>(config::Action::addresses))
      return name + " has unknown action " + text(rule.action);
    if (rule.action == static_cast<uint8_t>(config::Action::forward) && rule.pool >= pools)
      return name + " forwards to pool " + text(rule.pool) + ", the image has " + text(pools);
    if (const auto action = static_cast<config::Action>(rule.action);
        action != config::Action::forward && action != config::Action::refused) {
      if (rule.pool >= local_zones.size())
        return name + " answers from local zone " + text(rule.pool) + ", the image has " + text(local_zones.size());
      if ((action == config::Action::addresses) != (local_zones[rule.pool].node != config::kNoNode))
        return name + " and its local zone disagree on whether all names have the same";
    }
    if (rule.is_private > 1) return name + " has is_private " + text(rule.is_private) + ", not 0 or 1";
    if (rule.on_leak > static_cast<uint8_t>(config::OnLeak::alarm))
      return name + " has unknown on_leak " + text(rule.on_leak);
    if (rule.cname > static_cast<uint8_t>(config::CnameInto::pass))
      return name + " has unknown cname " + text(rule.cname);
    if (rule.first_prefix > prefixes || rule.prefix_count > prefixes - rule.first_prefix)
      return name + " expects prefixes up to " + text(uint64_t{rule.first_prefix} + rule.prefix_count) +
             ", the image has " + text(prefixes);
    if (rule.otherwise > static_cast<uint8_t>(config::Otherwise::next))
      return name + " has unknown otherwise " + text(rule.otherwise);
    if (rule.view != config::kEverybody && rule.view >= views)
      return name + " is for view " + text(rule.view) + ", the image has " + text(views);
    if (rule.transfers > views)
      return name + " is transferred to view " + text(rule.transfers - 1U) + ", the image has " + text(views);
    if (rule.next_rule != kNoRule && rule.next_rule >= rules.size())
      return name + " has next rule " + text(rule.next_rule) + ", the image has " + text(rules.size());
    if (rule.cache > 1) return name + " has cache " + text(rule.cache) + ", not 0 or 1";
  }
  // Whoever follows them comes to an end, and soon.
  for (size_t i = 0; i < rules.size(); ++i) {
    size_t length = 1;
    for (uint32_t next = rules[i].next_rule; next != kNoRule; next = rules[next].next_rule)
      if (++length > config::kMostRulesOfName)
        return "its rule " + text(i) + " has more than " + text(config::kMostRulesOfName - 1) + " next rules";
  }
  if (default_rule != kNoRule && default_rule >= rules.size())
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
  if (start_of(ranges[0]) != 0) return "its first range of " + family + " clients does not start at address 0";
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (i > 0 && start_of(ranges[i]) <= start_of(ranges[i - 1]))
      return "its range " + text(i) + " of " + family + " clients does not start behind the one before";
    if (ranges[i].allowed > (config::kClientMayAsk | config::kClientMaySnoop | config::kClientRateExempt))
      return "its range " + text(i) + " of " + family + " clients has allowed " + text(ranges[i].allowed) +
             ", not 0 to 7";
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
