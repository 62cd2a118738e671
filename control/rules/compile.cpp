#include "control/rules/compile.h"

#include <sys/random.h>
#include <xxhash.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <map>
#include <span>
#include <system_error>

#include "control/rules/flatten_clients.h"
#include "control/rules/identity.h"
#include "control/rules/local_zones.h"
#include "control/rules/zone_hash.h"

namespace penstock::control {
namespace {

using config::ImageHeader;
using config::Model;
using config::Section;
using Fault = tl::unexpected<std::string>;

tl::expected<uint64_t, std::string> draw_key() {
  uint64_t key = 0;
  if (getrandom(&key, sizeof key, 0) != static_cast<ssize_t>(sizeof key))
    return Fault("no random key for the zone table: " + std::generic_category().message(errno));
  return key;
}

std::string where(const Model& model, const config::Where& at) {
  if (at.file >= model.files.size() || at.line == 0) return {};
  return model.files[at.file] + ":" + std::to_string(at.line) + ": ";
}

tl::expected<void, std::string> check_references(const Model& model) {
  for (const auto& rule : model.rules) {
    if (config::RuleIndex{rule.next} != config::kNoRule && rule.next >= model.rules.size())
      return Fault(where(model, rule.where) + "the rule " + rule.origin + " refers to a next rule that does not exist");
    for (const uint32_t group : rule.clients)
      if (group >= model.clients.groups.size())
        return Fault(where(model, rule.where) + "the rule " + rule.origin + " is for a group that does not exist");
  }
  for (const auto& rule : model.rules)
    if (rule.action == config::Action::forward && rule.pool >= model.pools.size())
      return Fault(where(model, rule.where) + "the rule " + rule.origin + " forwards to a pool that does not exist");
  for (const auto& entry : model.zones.entries)
    if (entry.rule >= model.rules.size())
      return Fault("the zone " + config::to_text(model.zones.name(entry)) + " has a rule that does not exist");
  if (model.updates && *model.updates >= model.pools.size()) return Fault("updates go to a pool that does not exist");
  if (model.default_rule && *model.default_rule >= model.rules.size())
    return Fault("the default refers to a rule that does not exist");
  return {};
}

struct Pools {
  std::vector<config::ImagePool> pools;
  std::vector<config::ImageEndpoint> endpoints;
};

void lay_out_edns(const config::Pool& pool, config::ImagePool& out) {
  out.udp_size = pool.udp_size;
  out.pipelining = static_cast<uint8_t>(pool.pipelining);
  out.edns = static_cast<uint8_t>((pool.resolve_tc ? config::kEdnsResolveTc : 0) |
                                  (pool.randomise_case ? config::kEdnsRandomiseCase : 0) |
                                  (pool.ecs == config::Ecs::pass ? config::kEdnsEcsPass : 0) |
                                  (pool.ecs == config::Ecs::add ? config::kEdnsEcsAdd : 0));
  out.pass_option_count = static_cast<uint8_t>(std::min(pool.pass_options.size(), config::kMaxPassOptions));
  std::copy_n(pool.pass_options.begin(), out.pass_option_count, out.pass_options);
}

void lay_out_cache(const config::Pool& pool, config::ImagePool& out) {
  const config::CachePolicy& cache = pool.cache;
  out.max_ttl = cache.max_ttl;
  out.min_ttl = cache.min_ttl;
  out.max_negative_ttl = cache.max_negative_ttl;
  out.max_stale = cache.max_stale;
  out.cache_quota = static_cast<uint32_t>(cache.size >> 10);
  if (!cache.enabled) return;
  out.cache =
      static_cast<uint8_t>(config::kCacheEnabled | (cache.stale ? config::kCacheStale : 0) |
                           (cache.prefetch ? config::kCachePrefetch : 0) | (cache.rotate ? config::kCacheRotate : 0) |
                           (pool.kind == config::PoolKind::recursive ? config::kCacheShortServices : 0));
}

// It is private itself, or a zone that is private by its own word goes there.
bool holds_private_names(const Model& model, uint32_t pool) {
  return model.pools[pool].is_private ||
         std::any_of(model.rules.begin(), model.rules.end(), [&](const config::Rule& rule) {
           return rule.is_private && rule.action == config::Action::forward && rule.pool == pool;
         });
}

tl::expected<Pools, std::string> lay_out_pools(const Model& model, const SlotOf& slot_of) {
  Pools result;
  config::IndexedArray<config::EndpointSlot, bool, config::kMaxEndpoints> taken{};
  for (const auto& pool : model.pools) {
    if (pool.endpoints.empty()) return Fault(where(model, pool.where) + "the pool " + pool.name + " has no endpoint");
    config::ImagePool& out = result.pools.emplace_back();
    out.first_endpoint = config::EndpointIndex{static_cast<uint32_t>(result.endpoints.size())};
    out.endpoint_count = static_cast<uint32_t>(pool.endpoints.size());
    out.kind = static_cast<uint8_t>(pool.kind);
    out.is_private = holds_private_names(model, static_cast<uint32_t>(result.pools.size() - 1)) ? 1 : 0;
    out.policy = static_cast<uint8_t>(pool.policy);
    out.retry_on = static_cast<uint8_t>((pool.retry_servfail ? config::kRetryOnServfail : 0) |
                                        (pool.retry_refused ? config::kRetryOnRefused : 0));
    lay_out_cache(pool, out);
    lay_out_edns(pool, out);
    for (const auto& endpoint : pool.endpoints) {
      const config::EndpointSlot slot = slot_of(pool, endpoint);
      if (!taken.has(slot) || taken[slot])
        return Fault(where(model, endpoint.where) + "no free slot for endpoint " + config::to_string(endpoint.address) +
                     " of pool " + pool.name + " (at most " + std::to_string(config::kMaxEndpoints) + " in all)");
      taken[slot] = true;
      config::ImageEndpoint& into = result.endpoints.emplace_back();
      std::copy(endpoint.address.bytes.begin(), endpoint.address.bytes.end(), into.address);
      into.family = endpoint.address.family;
      into.slot = slot;
      into.budget = endpoint.budget;
      into.weight = endpoint.weight;
      into.pool = config::PoolIndex{static_cast<uint32_t>(result.pools.size() - 1)};
    }
  }
  return result;
}

struct Rules {
  std::vector<config::ImageRule> rules;
  std::vector<config::ImagePrefix> prefixes;
  std::vector<config::ImageView> views;
};

// Index of the view that has these groups of clients.
uint16_t view_of(const std::vector<uint32_t>& clients, std::vector<config::ImageView>& views) {
  if (clients.empty()) return config::kEverybody;
  config::ImageView wanted{};
  for (const uint32_t group : clients) wanted.groups[(group + 1) / 64] |= uint64_t{1} << (group + 1) % 64;
  const auto same = std::find_if(views.begin(), views.end(), [&](const config::ImageView& one) {
    return std::equal(std::begin(one.groups), std::end(one.groups), wanted.groups);
  });
  if (same == views.end()) {
    views.push_back(wanted);
    return static_cast<uint16_t>(views.size() - 1);
  }
  return static_cast<uint16_t>(same - views.begin());
}

// Rules that expect the same networks share them.
Rules lay_out_rules(const Model& model, const LocalZones& local) {
  Rules result;
  std::map<std::pair<std::vector<config::IpPrefix>, bool>, uint32_t> known;
  for (const auto& rule : model.rules) {
    config::ImageRule& out = result.rules.emplace_back();
    const auto [seen, is_new] =
        known.emplace(std::pair(rule.expect, rule.assumes_ipv6), static_cast<uint32_t>(result.prefixes.size()));
    if (is_new)
      for (const config::IpPrefix& prefix : rule.expect) {
        config::ImagePrefix& into = result.prefixes.emplace_back();
        std::copy(prefix.address.bytes.begin(), prefix.address.bytes.end(), into.address);
        into.length = prefix.length;
        into.family = prefix.address.family;
        into.is_assumed = rule.assumes_ipv6 && prefix.address.is_v6() ? 1 : 0;
      }
    out.first_prefix = rule.expect.empty() ? 0 : seen->second;
    out.prefix_count = static_cast<uint16_t>(rule.expect.size());
    out.on_leak = static_cast<uint8_t>(rule.on_leak);
    out.cname = static_cast<uint8_t>(rule.cname);
    out.pool = config::PoolIndex{rule.action == config::Action::forward
                                     ? rule.pool
                                     : local.zone_of_rule[static_cast<size_t>(&rule - model.rules.data())]};
    out.action = static_cast<uint8_t>(rule.action);
    out.is_private = rule.is_private ? 1 : 0;
    out.cache = rule.cache ? 1 : 0;
    out.identity = identity_of(model, rule);
    out.next_rule = config::RuleIndex{rule.next};
    out.view = view_of(rule.clients, result.views);
    out.otherwise = static_cast<uint8_t>(rule.otherwise);
    out.transfers =
        rule.transfers.empty() ? uint16_t{0} : static_cast<uint16_t>(view_of(rule.transfers, result.views) + 1);
  }
  return result;
}

std::vector<config::ImageGroup> lay_out_groups(const config::Clients& clients) {
  std::vector<config::ImageGroup> groups{{1, 0, config::kInherit, 0, 0}};
  for (const auto& group : clients.groups)
    groups.push_back(
        {group.weight, group.rate, group.rate_per_client.value_or(config::kInherit), group.udp_size.value_or(0), 0});
  return groups;
}

uint16_t allowed_bits(const ClientRange& range) {
  return static_cast<uint16_t>((range.allowed ? config::kClientMayAsk : 0) |
                               (range.may_snoop ? config::kClientMaySnoop : 0) |
                               (range.is_exempt ? config::kClientRateExempt : 0));
}

std::vector<config::ImageClientsV4> lay_out_clients_v4(const config::Clients& clients) {
  std::vector<config::ImageClientsV4> out;
  for (const auto& range : flatten_clients(clients, 4))
    out.push_back({static_cast<uint32_t>(range.start), allowed_bits(range), range.group});
  return out;
}

std::vector<config::ImageClientsV6> lay_out_clients_v6(const config::Clients& clients) {
  std::vector<config::ImageClientsV6> out;
  for (const auto& range : flatten_clients(clients, 6))
    out.push_back({static_cast<uint64_t>(range.start >> 64), static_cast<uint64_t>(range.start), allowed_bits(range),
                   range.group});
  return out;
}

tl::expected<ZoneHash, std::string> hash_with_some_key(const Model& model, std::optional<uint64_t> given,
                                                       uint64_t& key) {
  for (int attempt = 0;; ++attempt) {
    if (given) {
      key = *given;
    } else {
      const auto drawn = draw_key();
      if (!drawn) return Fault(drawn.error());
      key = *drawn;
    }
    auto hash = hash_zones(model, key);
    if (hash) return std::move(*hash);
    if (!hash.error().another_key || given || attempt == 8) return Fault(hash.error().text);
  }
}

}  // namespace

tl::expected<Compiled, std::string> compile(const Model& model, uint64_t generation, const SlotOf& slot_of,
                                            std::optional<uint64_t> hash_key) {
  if (const auto checked = check_references(model); !checked) return Fault(checked.error());
  const auto pools = lay_out_pools(model, slot_of);
  if (!pools) return Fault(pools.error());
  uint64_t key = 0;
  const auto zones = hash_with_some_key(model, hash_key, key);
  if (!zones) return Fault(zones.error());
  const auto local = lay_out_local_zones(model, key);
  if (!local) return Fault(local.error());
  const auto rules = lay_out_rules(model, *local);
  const auto groups = lay_out_groups(model.clients);
  const auto loop_token = hash_key ? tl::expected<uint64_t, std::string>(*hash_key) : draw_key();
  if (!loop_token) return Fault(loop_token.error());
  const auto clients_v4 = lay_out_clients_v4(model.clients);
  const auto clients_v6 = lay_out_clients_v6(model.clients);

  ImageHeader header{};
  uint64_t end = sizeof(ImageHeader);
  const auto reserve = [&](Section which, uint64_t size) {
    const uint64_t offset = config::align_up(end, config::kImageAlignment);
    header.sections[static_cast<size_t>(which)] = {offset, size};
    end = offset + size;
  };
  const auto reserve_for = [&](Section which, const auto& records) {
    reserve(which, std::as_bytes(std::span(records)).size());
  };
  reserve_for(Section::pools, pools->pools);
  reserve_for(Section::endpoints, pools->endpoints);
  reserve_for(Section::rules, rules.rules);
  reserve_for(Section::clients_v4, clients_v4);
  reserve_for(Section::clients_v6, clients_v6);
  reserve_for(Section::zone_buckets, zones->buckets);
  reserve_for(Section::prefixes, rules.prefixes);
  reserve_for(Section::groups, groups);
  reserve_for(Section::local_zones, local->zones);
  reserve_for(Section::local_slots, local->slots);
  reserve_for(Section::local_nodes, local->nodes);
  reserve_for(Section::local_sets, local->sets);
  reserve_for(Section::local_bytes, local->bytes);
  reserve_for(Section::views, rules.views);
  reserve(Section::zone_nodes, zones->nodes_size);
  if (end > config::kImageMaxSize)
    return Fault("the rules need " + std::to_string(end) + " bytes, but the limit is " +
                 std::to_string(config::kImageMaxSize));

  header.magic = config::kImageMagic;
  header.version = config::kImageVersion;
  header.header_size = sizeof(ImageHeader);
  header.total_size = end;
  header.generation = generation;
  header.hash_key = key;
  header.built_at = static_cast<uint64_t>(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  std::copy_n(zones->apex_depths, 2, header.apex_depths);
  std::copy_n(zones->below_depths, 2, header.below_depths);
  header.default_rule = model.default_rule ? config::RuleIndex{*model.default_rule} : config::kNoRule;
  header.zone_count = static_cast<uint32_t>(zones->nodes.size());
  header.bucket_count = static_cast<uint32_t>(zones->buckets.size());
  header.query_timeout_ms = static_cast<uint32_t>(model.dataplane.query_timeout.count());
  header.refused_silent = model.clients.silent ? 1 : 0;
  header.over_rate = static_cast<uint8_t>(model.clients.over_rate);
  header.has_views = std::any_of(rules.rules.begin(), rules.rules.end(),
                                 [](const config::ImageRule& rule) { return rule.view != config::kEverybody; })
                         ? 1
                         : 0;
  header.update_pool = model.updates ? config::PoolIndex{*model.updates} : config::kNoPool;
  header.rate_per_client = model.clients.rate_per_client;
  header.response_rate = model.clients.response_rate;
  header.loop_token = *loop_token;
  header.private_identity = private_identity_of(model, rules.rules) | 1;  // 0 stands for answers that do not care

  Compiled compiled{ImageBytes(end), generation, 0, header.loop_token, header.zone_count};
  const auto section = [&](Section which) {
    return compiled.image.data() + header.sections[static_cast<size_t>(which)].offset;
  };
  const auto write = [&](Section which, const auto& records) {
    const auto bytes = std::as_bytes(std::span(records));
    if (!bytes.empty()) std::memcpy(section(which), bytes.data(), bytes.size());
  };
  write(Section::pools, pools->pools);
  write(Section::endpoints, pools->endpoints);
  write(Section::rules, rules.rules);
  write(Section::clients_v4, clients_v4);
  write(Section::clients_v6, clients_v6);
  write(Section::zone_buckets, zones->buckets);
  write(Section::prefixes, rules.prefixes);
  write(Section::groups, groups);
  write(Section::local_zones, local->zones);
  write(Section::local_slots, local->slots);
  write(Section::local_nodes, local->nodes);
  write(Section::local_sets, local->sets);
  write(Section::local_bytes, local->bytes);
  write(Section::views, rules.views);
  write_nodes(*zones, model.zones, section(Section::zone_nodes));

  std::memcpy(compiled.image.data(), &header, sizeof header);
  header.checksum = XXH3_64bits(compiled.image.data(), compiled.image.size());
  std::memcpy(compiled.image.data(), &header, sizeof header);
  compiled.checksum = header.checksum;
  return compiled;
}

}  // namespace penstock::control
