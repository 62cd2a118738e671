// control/changes/named_settings.cpp - every setting in words. Long because each key has a line; no logic beside.
#include "control/changes/named_settings.h"

#include <array>
#include <functional>

#include "config/contract/decisions/rcode.h"

namespace penstock::control {
namespace {

using config::Model;

// Where something was written says nothing of what it is.
template <typename... Places>
void does_not_matter(const Places&...) {}

template <typename List>
std::vector<std::string> texts(const List& list) {
  std::vector<std::string> all;
  for (const auto& item : list) {
    if constexpr (requires { config::to_string(item); })
      all.push_back(config::to_string(item));
    else
      all.push_back(std::to_string(item));
  }
  return all;
}

template <size_t kSize, typename Enum>
std::string word(const std::array<const char*, kSize>& words, Enum value) {
  static_assert(kSize == config::kCountOf<Enum>);
  return words.at(static_cast<size_t>(value));
}

std::string milliseconds(std::chrono::milliseconds time) {
  return std::to_string(time.count()) + "ms";
}

void add_cache(std::vector<Setting>& of, const config::CachePolicy& cache) {
  const auto& [enabled, stale, prefetch, rotate, max_ttl, min_ttl, max_negative_ttl, max_stale, size] = cache;
  of.push_back(one("cache", enabled));
  of.push_back(one("cache.stale", stale));
  of.push_back(one("cache.prefetch", prefetch));
  of.push_back(one("cache.rotate", rotate));
  of.push_back(one("cache.max_ttl", uint64_t{max_ttl}));
  of.push_back(one("cache.min_ttl", uint64_t{min_ttl}));
  of.push_back(one("cache.max_negative_ttl", uint64_t{max_negative_ttl}));
  of.push_back(one("cache.max_stale", uint64_t{max_stale}));
  of.push_back(one("cache.size", size == 0 ? std::string("no limit") : std::to_string(size)));
}

void add_health(std::vector<Setting>& of, const config::HealthCheck& health) {
  const auto& [name, interval, timeout, rise, fall] = health;
  of.push_back(one("health.name", name ? config::to_text(*name) : std::string("the default")));
  of.push_back(one("health.interval", milliseconds(interval)));
  of.push_back(one("health.timeout", milliseconds(timeout)));
  of.push_back(one("health.rise", uint64_t{rise}));
  of.push_back(one("health.fall", uint64_t{fall}));
}

std::vector<Setting> settings_of(const config::Pool& pool) {
  const auto& [name, kind, is_private, endpoints, policy, tracked, retry_servfail, retry_refused, cache, resolve_tc,
               pipelining, udp_size, pass_options, ecs, randomise_case, health, source, where] = pool;
  does_not_matter(name, where);
  std::vector<Setting> of{
      one("kind", kind == config::PoolKind::route53_inbound ? std::string("route53-inbound") : "recursive"),
      one("private", is_private)};
  std::vector<std::string> addresses;
  for (const config::Endpoint& endpoint : endpoints) addresses.push_back(config::to_string(endpoint.address));
  // Which there are is told endpoint by endpoint; their order counts for one policy.
  of.push_back(
      list("order of endpoints", policy == config::Policy::ordered ? addresses : std::vector<std::string>{}, true));
  of.push_back(one("policy", word(std::array{"least-outstanding", "round-robin", "weighted", "ordered"}, policy)));
  of.push_back(one("tracked", tracked));
  std::vector<std::string> retry_on;
  if (retry_servfail) retry_on.emplace_back("servfail");
  if (retry_refused) retry_on.emplace_back("refused");
  of.push_back(list("retry_on", retry_on));
  add_cache(of, cache);
  of.push_back(one("resolve_tc", resolve_tc));
  of.push_back(one("tcp.pipelining", word(std::array{"auto", "on", "off"}, pipelining)));
  of.push_back(one("udp_size", uint64_t{udp_size}));
  of.push_back(list("pass_options", texts(pass_options)));
  of.push_back(one("ecs", word(std::array{"strip", "pass", "add"}, ecs)));
  of.push_back(one("randomise_case", randomise_case));
  add_health(of, health);
  of.push_back(list("source", texts(source)));
  return of;
}

std::vector<Setting> settings_of(const config::ClientGroup& group) {
  const auto& [name, prefixes, weight, rate, rate_per_client, udp_size, where] = group;
  does_not_matter(name, where);
  return {list("prefixes", texts(prefixes)), one("weight", uint64_t{weight}), one("rate", uint64_t{rate}),
          one("rate_per_client", rate_per_client ? std::to_string(*rate_per_client) : std::string("as for all")),
          one("udp_size", udp_size ? std::to_string(*udp_size) : std::string("as the pool"))};
}

std::string target_of(const Model& model, const config::Rule& rule) {
  switch (rule.action) {
    case config::Action::forward:
      return "pool " + model.pools[rule.pool].name;
    case config::Action::nxdomain:
      return "answer NXDOMAIN";
    case config::Action::nodata:
      return "answer NODATA";
    case config::Action::refused:
      return "answer REFUSED";
    case config::Action::records:
      return "local records";
    case config::Action::addresses:
      return "addresses of the configuration";
  }
  return {};
}

void add_choice(std::vector<Setting>& of, const std::string& key, const Model& model,
                const config::QueryChoice& choice) {
  const auto& [sample, rcodes, pools, clients] = choice;
  std::vector<std::string> rcode_names, pool_names;
  for (const uint8_t rcode : rcodes)
    rcode_names.push_back(rcode == config::kNotAnswered ? std::string("none") : std::string(config::rcode_text(rcode)));
  for (const uint32_t pool : pools) pool_names.push_back(model.pools[pool].name);
  of.push_back(one(key + ".sample", uint64_t{sample}));
  of.push_back(list(key + ".rcodes", rcode_names));
  of.push_back(list(key + ".pools", pool_names));
  of.push_back(list(key + ".clients", group_names(model, clients)));
}

void add_query_log(std::vector<Setting>& of, const Model& model) {
  const auto& [to, as_json, choice, file_size, files] = model.query_log;
  of.push_back(one("log.queries.to", to.empty() ? std::string("nowhere") : to));
  of.push_back(one("log.queries.format", std::string(as_json ? "json" : "text")));
  add_choice(of, "log.queries", model, choice);
  of.push_back(one("log.queries.file_size", file_size));
  of.push_back(one("log.queries.files", uint64_t{files}));
}

void add_dnstap(std::vector<Setting>& of, const Model& model) {
  const auto& [to, tls, identity, version, choice] = model.dnstap;
  of.push_back(one("log.dnstap.to", to.empty() ? std::string("nowhere") : to));
  of.push_back(one("log.dnstap.tls", tls.has_value()));
  const auto& [ca, name, certificate, key] = tls.value_or(config::DnstapTls{});
  of.push_back(one("log.dnstap.tls.ca", ca));
  of.push_back(one("log.dnstap.tls.name", name));
  of.push_back(one("log.dnstap.tls.certificate", certificate));
  of.push_back(one("log.dnstap.tls.key", key));
  of.push_back(one("log.dnstap.identity", identity.value_or("as dataplane.identity")));
  of.push_back(one("log.dnstap.version", version.value_or("the default")));
  add_choice(of, "log.dnstap", model, choice);
}

// Whoever may only look learns that a password is another, not its hash.
void add_metrics_access(std::vector<Setting>& of, const Model& model) {
  const auto& [tls, users] = model.metrics_access;
  const auto& [certificate, key] = tls.value_or(config::MetricsTls{});
  of.push_back(one("metrics.tls.certificate", certificate));
  of.push_back(one("metrics.tls.key", key));
  std::vector<std::string> known;
  for (const auto& [name, password_hash] : users)
    known.push_back(name + " (password " + std::to_string(std::hash<std::string>{}(password_hash) % 100000) + ")");
  of.push_back(list("metrics.users", known));
}

}  // namespace

std::vector<std::string> group_names(const Model& model, const std::vector<uint32_t>& groups) {
  std::vector<std::string> names;
  for (const uint32_t group : groups) names.push_back(model.clients.groups[group].name);
  return names;
}

std::vector<Named> pools_of(const Model& model) {
  std::vector<Named> of;
  for (const config::Pool& pool : model.pools) of.push_back({pool.name, settings_of(pool)});
  return of;
}

std::vector<Named> endpoints_of_pools(const Model& model) {
  std::vector<Named> of;
  for (const config::Pool& pool : model.pools) {
    for (const auto& [address, budget, weight, where] : pool.endpoints) {
      does_not_matter(where);
      of.push_back(
          {pool.name + " " + config::to_string(address),
           {one("budget", budget == 0 ? std::string() : std::to_string(budget)), one("weight", uint64_t{weight})}});
    }
  }
  return of;
}

std::vector<Named> clients_of(const Model& model) {
  const auto& [allow, deny, silent, rate_per_client, response_rate, over_rate, rate_exempt, allow_snoop, groups] =
      model.clients;
  std::vector<Named> of;
  of.push_back(
      {"clients",
       {list("allow", texts(allow)), list("deny", texts(deny)), one("refused", std::string(silent ? "drop" : "refuse")),
        one("rate_per_client", uint64_t{rate_per_client}), one("response_rate", uint64_t{response_rate}),
        one("over_rate", word(std::array{"truncate", "refuse", "drop"}, over_rate)),
        list("rate_exempt", texts(rate_exempt)), list("allow_snoop", texts(allow_snoop))}});
  for (const config::ClientGroup& group : groups) of.push_back({"group " + group.name, settings_of(group)});
  return of;
}

std::vector<Setting> other_settings(const Model& model) {
  const auto& [files, ports, listen, lcores, idle, clients, pools, rules, zones, empty_zones, browser_canaries,
               default_rule, updates, metrics_listen, metrics_access, dataplane, control, query_log, dnstap, log] =
      model;
  // The others have these: host_settings(), pools_of(), clients_of(), and the rules that are compared name by name.
  does_not_matter(ports, listen, lcores, idle, clients, rules, zones, default_rule, metrics_listen, log);
  does_not_matter(files, metrics_access, query_log, dnstap);  // below
  std::vector<Setting> of{one("empty_zones", empty_zones), one("browser_canaries", browser_canaries),
                          one("updates", updates ? "pool " + pools[*updates].name : std::string("NOTIMP")),
                          one("dataplane.query_timeout", milliseconds(dataplane.query_timeout))};
  of.push_back(list("control.look", control.look));
  of.push_back(list("control.change", control.change));
  add_query_log(of, model);
  add_dnstap(of, model);
  add_metrics_access(of, model);
  return of;
}

std::vector<Setting> settings_of(const Model& model, const config::Rule& rule) {
  const auto& [action, pool, is_private, cache, expect, origin, where, on_leak, cname, records, addresses, ttl,
               is_built_in, clients, otherwise, next, transfers, assumes_ipv6] = rule;
  // `expect` has the networks of IPv6 that are assumed, and the names' next rule is told where that is written.
  does_not_matter(action, pool, origin, where, is_built_in, next, assumes_ipv6);
  std::vector<std::string> lines;
  for (const config::RecordText& record : records) lines.push_back(record.text);
  return {one("to", target_of(model, rule)),
          one("private", is_private),
          one("cache", std::string(cache ? "" : "not cached")),
          list("expect", texts(expect)),
          one("on_leak", std::string(on_leak == config::OnLeak::alarm ? "alarm" : "")),
          one("cname", cname == config::CnameInto::chase   ? std::string()
                       : cname == config::CnameInto::alarm ? std::string("alarm")
                                                           : std::string("pass")),
          list("records", lines, true),
          list("addresses", texts(addresses), true),
          one("ttl", ttl == config::kLocalTtl ? std::string() : std::to_string(ttl)),
          list("clients", group_names(model, clients)),
          one("otherwise", std::string(otherwise == config::Otherwise::next ? "next" : "")),
          list("transfers", group_names(model, transfers))};
}

}  // namespace penstock::control
