#include <algorithm>

#include "config/contract/image_fields.h"
#include "config/read/model_reader.h"

namespace penstock::config {
namespace {

using std::chrono::milliseconds;

// What AWS lets an IP of a Route 53 inbound endpoint answer.
constexpr uint32_t kRoute53Budget = 10'000;  // queries/s
// The same where a security group tracks connections, whatever the kind.
constexpr uint32_t kTrackedBudget = 1'500;

bool is_pool_name(std::string_view name) {
  return !name.empty() && name.size() <= 63 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

std::optional<Endpoint> read_endpoint(const YamlValue& item, const Pool& pool) {
  Endpoint endpoint;
  endpoint.where = item.where();
  endpoint.budget = pool.tracked ? kTrackedBudget : pool.kind == PoolKind::route53_inbound ? kRoute53Budget : 0;
  if (item.is_scalar()) {
    const auto address = item.address();
    if (!address) return std::nullopt;
    endpoint.address = *address;
    return endpoint;
  }
  const YamlMap map(item, Place::endpoint);
  if (const auto value = map.get("budget")) endpoint.budget = value->number(0, kHighestRate).value_or(0);
  if (const auto value = map.get("weight")) endpoint.weight = value->number(1, kHighestWeight).value_or(1);
  const auto value = map.require("address", "an IP address such as 10.16.1.10");
  const auto address = value ? value->address() : std::nullopt;
  if (!address) return std::nullopt;
  endpoint.address = *address;
  return endpoint;
}

void read_policy(const YamlValue& value, Pool& pool) {
  const auto word = value.word({"least-outstanding", "round-robin", "weighted", "ordered"});
  if (!word) return;
  pool.policy = static_cast<Policy>(*word);
  if (pool.policy == Policy::ordered && pool.kind == PoolKind::route53_inbound)
    value.error(
        "'ordered' gives all queries to one endpoint, and AWS leaves balancing to you: an endpoint takes 10000/s. "
        "Write least-outstanding, round-robin or weighted");
}

// The same trap by another way.
void check_weights(const YamlValue& policy, const Pool& pool) {
  if (pool.policy != Policy::weighted || pool.kind != PoolKind::route53_inbound || pool.endpoints.size() < 2) return;
  uint64_t sum = 0;
  for (const Endpoint& endpoint : pool.endpoints) sum += endpoint.weight;
  for (const Endpoint& endpoint : pool.endpoints)
    if (uint64_t{endpoint.weight} * 4 > sum * 3)
      policy.error(to_string(endpoint.address) + " would get " + std::to_string(endpoint.weight) + " of " +
                   std::to_string(sum) +
                   " queries, more than three quarters, and AWS leaves balancing to you: an endpoint takes 10000/s. "
                   "Give the others more weight, or leave 'policy:' out");
}

void read_retry_on(const YamlValue& value, Pool& pool) {
  value.each(
      [&](const YamlValue& item) {
        const auto word = item.word({"servfail", "refused"});
        if (!word) return;
        (*word == 0 ? pool.retry_servfail : pool.retry_refused) = true;
      },
      true);
}

// cache: off, or {stale: on, max_ttl: 3600, ...}
void read_cache(const YamlValue& section, Pool& pool) {
  CachePolicy& cache = pool.cache;
  if (section.is_scalar()) {
    cache.enabled = section.boolean().value_or(true);
    return;
  }
  const YamlMap map(section, Place::cache);
  const auto read_seconds = [&](KeyName key, uint32_t most, uint32_t& into) {
    if (const auto value = map.get(key)) into = value->number(0, most).value_or(into);
  };
  read_seconds("max_ttl", kLongestKept, cache.max_ttl);
  read_seconds("min_ttl", kLongestLeastTtl, cache.min_ttl);
  read_seconds("max_negative_ttl", kLongestKept, cache.max_negative_ttl);
  read_seconds("max_stale", kLongestKept, cache.max_stale);
  if (cache.min_ttl > cache.max_ttl)
    section.error("min_ttl " + std::to_string(cache.min_ttl) + " is above max_ttl " + std::to_string(cache.max_ttl));
  if (const auto value = map.get("stale")) cache.stale = value->boolean().value_or(cache.stale);
  if (const auto value = map.get("max_stale"); value && !cache.stale)
    value->warning("has no effect: stale answers are only given with 'stale: on'; add 'stale: on' or remove this");
  if (const auto value = map.get("prefetch")) cache.prefetch = value->boolean().value_or(cache.prefetch);
  if (const auto value = map.get("size"))
    cache.size = value->octets(uint64_t{1} << 20, kLargestQuota << 10).value_or(0);
}

void read_health(const YamlValue& section, HealthCheck& health) {
  const YamlMap map(section, Place::health);
  if (const auto value = map.get("name")) health.name = value->name();
  // Two probes a second at most, UDP and TCP together: an endpoint's budget is for clients. The floor is kShortestInterval
  // of control/health/probe/probe_schedule.h.
  if (const auto value = map.get("interval"))
    health.interval = value->duration(milliseconds(600), milliseconds(3'600'000)).value_or(health.interval);
  if (const auto value = map.get("timeout"))
    health.timeout = value->duration(milliseconds(10), milliseconds(10'000)).value_or(health.timeout);
  if (const auto value = map.get("rise")) health.rise = value->number(1, 100).value_or(health.rise);
  if (const auto value = map.get("fall")) health.fall = value->number(1, 100).value_or(health.fall);
}

void read_edns(const YamlMap& map, Pool& pool) {
  constexpr uint32_t kClientSubnet = 8;  // RFC 7871
  constexpr uint32_t kNsid = 3;          // RFC 5001
  constexpr uint32_t kCookie = 10;       // RFC 7873
  constexpr uint32_t kKeepalive = 11;    // RFC 7828
  constexpr uint32_t kPadding = 12;      // RFC 7830
  if (const auto value = map.get("resolve_tc")) pool.resolve_tc = value->boolean().value_or(false);
  if (const auto section = map.get("tcp")) {
    const YamlMap tcp(*section, Place::pool_tcp);
    if (const auto value = tcp.get("pipelining"))
      if (const auto word = value->word({"auto", "on", "off"})) pool.pipelining = static_cast<Pipelining>(*word);
  }
  if (const auto value = map.get("randomise_case")) pool.randomise_case = value->boolean().value_or(false);
  if (const auto value = map.get("udp_size")) pool.udp_size = read_udp_size(*value).value_or(pool.udp_size);
  if (const auto value = map.get("ecs"))
    if (const auto word = value->word({"strip", "pass", "add"})) pool.ecs = static_cast<Ecs>(*word);
  const auto options = map.get("pass_options");
  if (!options) return;
  options->each(
      [&](const YamlValue& item) {
        const auto code = item.number(1, 65535);
        if (!code) return;
        if (*code == kClientSubnet)
          item.error("8 is the client's subnet: write 'ecs: pass'");
        else if (*code == kNsid)
          item.error(
              "3 (NSID) asks for the name of a server, and Penstock answers it itself (dataplane.identity): it is "
              "never forwarded");
        else if (*code == kCookie || *code == kKeepalive || *code == kPadding)
          item.error(std::to_string(*code) + " is between client and forwarder: it is never forwarded");
        else if (std::find(pool.pass_options.begin(), pool.pass_options.end(), *code) != pool.pass_options.end())
          item.error(std::to_string(*code) + " is listed twice");
        else
          pool.pass_options.push_back(static_cast<uint16_t>(*code));
      },
      true);
  if (pool.pass_options.size() > kMaxPassOptions)
    options->error("at most " + std::to_string(kMaxPassOptions) + " options are forwarded to the endpoints of a pool");
}

}  // namespace

void read_source(const YamlValue& value, Pool& pool) {
  value.each(
      [&](const YamlValue& item) {
        const auto address = item.address();
        if (!address) return;
        if (is_unspecified(*address) || is_multicast(*address)) {
          item.error(to_string(*address) +
                     " cannot be sent from: name an address of this machine, or leave 'source:' out");
          return;
        }
        for (const IpAddress& other : pool.source)
          if (other.family == address->family)
            item.error("a pool has at most one source per family; " + to_string(other) + " is already its IPv" +
                       std::to_string(other.family) + " source");
        pool.source.push_back(*address);
      },
      true);
}

void ModelReader::read_pools(const YamlValue& section) {
  if (!section.is_map() || section.node().members.empty()) {
    section.error("this should be pools by name, {corporate: {kind: recursive, endpoints: [192.168.10.2]}}");
    pools_are_known = false;
    return;
  }
  for (const YamlMember& member : section.node().members) {
    const YamlValue item(member.value, {&section.path(), member.key, 0}, findings);
    const YamlMap map(item, Place::pool);
    Pool pool;
    pool.name = member.key;
    pool.where = {0, member.line};
    if (!is_pool_name(pool.name) || pool.name == "refuse")
      findings.error(pool.where, item.path().text(),
                     "a pool name has 1 to 63 letters, digits, '-', '_' and '.', and is not 'refuse'");
    // No default: a pool of inbound endpoints taken for a recursive one would not be private.
    bool is_doubtful = true;
    if (const auto value = map.require("kind", "route53-inbound or recursive"))
      if (const auto word = value->word({"recursive", "route53-inbound"})) {
        pool.kind = static_cast<PoolKind>(*word);
        is_doubtful = false;
      }
    pool.is_private = pool.kind == PoolKind::route53_inbound;
    if (const auto value = map.get("private")) {
      if (const auto wanted = value->boolean()) {
        if (pool.is_private && !*wanted)
          value->error("a route53-inbound pool is always private: leave this out, or make it 'kind: recursive'");
        pool.is_private = pool.is_private || *wanted;
      } else {
        is_doubtful = true;
      }
    }
    if (is_doubtful) doubtful_pools.insert(static_cast<uint32_t>(model.pools.size()));
    // Behind other resolvers there is an Active Directory: hosts that have just joined, SRV records of dead controllers.
    const bool is_inbound = pool.kind == PoolKind::route53_inbound;
    pool.cache.stale = is_inbound;
    pool.cache.prefetch = is_inbound;
    pool.cache.max_negative_ttl = is_inbound ? 300 : 15;
    if (const auto value = map.get("cache")) read_cache(*value, pool);
    if (const auto value = map.get("rrset_order"))
      if (const auto word = value->word({"rotate", "keep"})) pool.cache.rotate = *word == 0;
    read_edns(map, pool);
    if (const auto value = map.get("tracked")) pool.tracked = value->boolean().value_or(false);
    if (const auto value = map.get("policy")) read_policy(*value, pool);
    if (const auto value = map.get("retry_on")) read_retry_on(*value, pool);
    if (const auto value = map.require("endpoints", "a list of IP addresses")) {
      value->each(
          [&](const YamlValue& one) {
            if (auto endpoint = read_endpoint(one, pool)) pool.endpoints.push_back(*endpoint);
          },
          true);
      if (value->is_sequence() && value->node().items.empty())
        value->error("the list is empty: name at least one address");
    }
    if (const auto value = map.get("policy")) check_weights(*value, pool);
    if (const auto value = map.get("health")) read_health(*value, pool.health);
    if (const auto value = map.get("source")) read_source(*value, pool);
    pool_numbers.emplace(pool.name, static_cast<uint32_t>(model.pools.size()));
    model.pools.push_back(std::move(pool));
  }
}

std::optional<uint32_t> ModelReader::pool_number(const YamlValue& name) {
  const auto written = name.text();
  if (!written) return std::nullopt;
  const auto found = pool_numbers.find(*written);
  if (found != pool_numbers.end()) return found->second;
  if (!pools_are_known) return std::nullopt;
  std::vector<std::string_view> names;
  for (const Pool& pool : model.pools) names.push_back(pool.name);
  const auto nearest = nearest_word(*written, names);
  std::string text = "there is no pool '" + *written + "'";
  if (!nearest.empty()) {
    text += "; did you mean '" + std::string(nearest) + "'?";
  } else if (names.empty()) {
    text += ": define it under 'pools:'";
  } else {
    text += "; pools are " + join_words(names, " and ");
  }
  name.error(std::move(text));
  return std::nullopt;
}

}  // namespace penstock::config
