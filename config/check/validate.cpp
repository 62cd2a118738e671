#include "config/check/validate.h"

#include <algorithm>
#include <map>
#include <set>

#include "config/check/probe_names.h"
#include "config/check/views.h"
#include "config/check/zone_index.h"
#include "config/contract/image.h"

namespace penstock::config {
namespace {

constexpr size_t kMaxHolesPerFile = 5;  // that are warned of one by one

std::string line_text(const ModelReader& reader, Where where, uint32_t seen_from) {
  const std::string line = "line " + std::to_string(where.line);
  return where.file == seen_from ? line : line + " of " + reader.model.files[where.file];
}

std::string zone_text(const ModelReader& reader, const ZoneNames::Entry& entry) {
  return (entry.scope == Scope::below ? "*." : "") + to_text(reader.model.zones.name(entry));
}

std::string target_text(const ModelReader& reader, const Rule& rule) {
  static constexpr const char* kAnswers[] = {"", "NXDOMAIN", "NODATA", "REFUSED", "local records", "addresses"};
  return rule.action == Action::forward ? "pool '" + reader.model.pools[rule.pool].name + "'"
                                        : kAnswers[static_cast<size_t>(rule.action)];
}

// ---- endpoints ----

// Why queries cannot be sent to the address; empty: they can.
std::string endpoint_problem(const Model& model, const IpAddress& address) {
  const std::string text = to_string(address);
  if (is_unspecified(address)) return text + " is not the address of a server";
  if (is_multicast(address)) return text + " is a multicast or broadcast address, not a server's";
  if (is_loopback(address)) return text + " is this machine itself: queries would come back to us";
  if (address.is_v6() && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80)
    return text + " is link-local: give the server a routed address";
  if (std::find(model.listen.begin(), model.listen.end(), address) != model.listen.end())
    return text + " is one of our own 'listen:' addresses: queries would come back to us";
  for (const Pool& pool : model.pools)
    if (std::find(pool.source.begin(), pool.source.end(), address) != pool.source.end())
      return text + " is our own address, the 'source:' of pool '" + pool.name + "': queries would come back to us";
  return {};
}

void check_endpoints(ModelReader& reader) {
  const Model& model = reader.model;
  size_t total = 0;
  for (const Pool& pool : model.pools) {
    std::map<IpAddress, uint32_t> lines;
    for (const Endpoint& endpoint : pool.endpoints) {
      const std::string key =
          "pools." + pool.name + ".endpoints[" + std::to_string(&endpoint - pool.endpoints.data()) + "]";
      if (++total == kMaxEndpoints + 1) {
        reader.findings.error(endpoint.where, key, "this is endpoint 1025: all pools together have at most 1024");
        return;
      }
      if (auto problem = endpoint_problem(model, endpoint.address); !problem.empty())
        reader.findings.error(endpoint.where, key, std::move(problem));
      const auto [first, is_new] = lines.emplace(endpoint.address, endpoint.where.line);
      if (!is_new)
        reader.findings.error(
            endpoint.where, key,
            to_string(endpoint.address) + " is already in the pool, on line " + std::to_string(first->second));
    }
  }
}

// A server either knows the private names or looks names up elsewhere: one of the two pools is mistaken.
void check_shared_endpoints(ModelReader& reader) {
  struct User {
    const Pool* pool;
    uint32_t line;
  };
  std::map<IpAddress, std::vector<User>> users;
  for (const Pool& pool : reader.model.pools) {
    if (reader.doubtful_pools.contains(static_cast<uint32_t>(&pool - reader.model.pools.data()))) continue;
    for (size_t i = 0; i < pool.endpoints.size(); ++i) {
      const Endpoint& endpoint = pool.endpoints[i];
      std::vector<User>& others = users[endpoint.address];
      const auto other = std::find_if(others.begin(), others.end(),
                                      [&](const User& one) { return one.pool->is_private != pool.is_private; });
      if (other != others.end()) {
        const User here{&pool, endpoint.where.line};
        const User& closed = pool.is_private ? here : *other;
        const User& open = pool.is_private ? *other : here;
        reader.findings.error(endpoint.where, "pools." + pool.name + ".endpoints[" + std::to_string(i) + "]",
                              to_string(endpoint.address) + " is in the private pool '" + closed.pool->name +
                                  "' on line " + std::to_string(closed.line) + " and in pool '" + open.pool->name +
                                  "' on line " + std::to_string(open.line) +
                                  ", which is not private: keep one, or make both 'private: on'");
      }
      others.push_back({&pool, endpoint.where.line});
    }
  }
}

// A resolver that is not the VPC's looks the names of Studio up in public DNS.
void check_studio_pools(ModelReader& reader) {
  const Model& model = reader.model;
  for (const StudioPool& use : reader.studio_pools) {
    if (reader.doubtful_pools.contains(use.pool)) continue;
    const Pool& pool = model.pools[use.pool];
    const bool is_default = reader.default_pool == use.pool;
    if (pool.is_private && !is_default) continue;
    const std::string why =
        "pool '" + pool.name + "' is " + (is_default ? "the default's, where all other names go too" : "not private");
    if (use.is_for_others) {
      reader.findings.warning(use.where, use.key,
                              why +
                                  ": the hosts of spaces, and domains that are not listed, leak through it; "
                                  "name a private pool of the VPC's inbound endpoints, or 'refuse'");
    } else {
      reader.findings.error(
          use.where, use.key,
          why +
              ": its servers look names of Studio up in public DNS; name a pool of the VPC's "
              "inbound endpoints" +
              (is_default ? " that is not the default" : ", 'kind: route53-inbound' or 'private: on'"));
    }
  }
}

void check_use_of_pools(ModelReader& reader) {
  std::set<uint32_t> used;
  for (const Rule& rule : reader.model.rules)
    if (rule.action == Action::forward) used.insert(rule.pool);
  for (uint32_t i = 0; i < reader.model.pools.size(); ++i)
    if (!used.contains(i))
      reader.findings.warning(
          reader.model.pools[i].where, "pools." + reader.model.pools[i].name,
          "nothing is forwarded to this pool: name it in a zone, in studio or in default, or remove it");
  if (reader.model.zones.entries.empty() && !reader.model.default_rule)
    reader.findings.warning({}, "",
                            "there are no zones, no studio and no default: every query will be answered REFUSED");
}

// ---- names ----

bool both_claim(Scope a, Scope b) {
  // {name: X} beside {zone: X} is an exception to it; everything else beside its like, or `*.X` beside X, is
  // a clash.
  return a == b || (a != Scope::name && b != Scope::name);
}

void check_repeated_names(ModelReader& reader, const ZoneIndex& index) {
  index.each_repeated([&](const std::vector<const ZoneNames::Entry*>& entries) {
    // Those for some clients only may be repeated: config/check/views.h.
    if (std::any_of(entries.begin(), entries.end(),
                    [&](const auto* one) { return !reader.model.rules[one->rule].clients.empty(); }))
      return;
    for (size_t i = 1; i < entries.size(); ++i) {
      const auto first = std::find_if(entries.begin(), entries.begin() + static_cast<ptrdiff_t>(i),
                                      [&](const auto* one) { return both_claim(one->scope, entries[i]->scope); });
      if (first == entries.begin() + static_cast<ptrdiff_t>(i)) continue;
      const Where where = entries[i]->where;
      const std::string earlier = line_text(reader, (*first)->where, where.file);
      const std::string& origin = reader.model.rules[entries[i]->rule].origin;
      std::string text = zone_text(reader, *entries[i]);
      if ((*first)->scope == entries[i]->scope) {
        text += " already has an entry on " + earlier + ": keep one";
      } else {
        text += " and " + zone_text(reader, **first) + " on " + earlier +
                " both claim the names below: write 'name: " + to_text(reader.model.zones.name(*entries[i])) +
                "' for the name itself";
      }
      reader.findings.error(where, where.file == 0 ? origin : "", std::move(text));
      if (i == kMaxFindingsInYaml) return;
    }
  });
}

// A private `*.X` beside which X itself goes to nobody in particular.
void check_apexes(ModelReader& reader, const ZoneIndex& index) {
  const Model& model = reader.model;
  for (const auto& entry : model.zones.entries) {
    const Rule& rule = model.rules[entry.rule];
    if (entry.scope != Scope::below || !rule.is_private) continue;
    const auto* apex = index.longest_match(model.zones.name(entry), true);
    if (apex != nullptr && model.rules[apex->rule].is_private) continue;
    const Rule* other = apex != nullptr                  ? &model.rules[apex->rule]
                        : model.default_rule.has_value() ? &model.rules[*model.default_rule]
                                                         : nullptr;
    if (other == nullptr || other->action != Action::forward) continue;  // refused or answered here: it leaks nowhere
    const std::string name = to_text(model.zones.name(entry));
    reader.findings.warning(
        entry.where, entry.where.file == 0 ? rule.origin : "",
        "*." + name + " leaves out " + name + " itself, which goes to " + target_text(reader, *other) +
            (apex == nullptr ? ", the default" : "") + ": add {name: " + name +
            (rule.action == Action::forward ? ", pool: " + model.pools[rule.pool].name : ", answer: refused") + "}");
  }
}

// The other host of a Studio domain: studio-d-ID beside d-ID, and back; empty: the name is of none.
WireName other_host(std::string_view name) {
  constexpr std::string_view kUi = "studio-";
  const auto length = static_cast<uint8_t>(name.front());
  const std::string_view label = name.substr(1, length);
  const std::string_view rest = name.substr(1U + length);
  const bool is_ui = label.starts_with("studio-d-");
  if (!is_ui && !label.starts_with("d-")) return {};
  if (!rest.starts_with("\x06studio") && !rest.starts_with("\x0bstudio-fips")) return {};
  if (rest.find("\x09sagemaker") == std::string_view::npos) return {};
  std::string other(is_ui ? label.substr(kUi.size()) : label);
  if (!is_ui) other.insert(0, kUi);
  if (other.size() > kMaxLabelLength || other.size() + 1 + rest.size() > kMaxNameLength) return {};
  return static_cast<char>(other.size()) + other + std::string(rest);
}

// One host of a domain written by hand, without the other: half of the domain's names go elsewhere. `studio:` has both.
void check_domain_hosts(ModelReader& reader, const ZoneIndex& index) {
  const Model& model = reader.model;
  size_t told = 0;
  for (const auto& entry : model.zones.entries) {
    const WireName other = other_host(model.zones.name(entry));
    const Rule& rule = model.rules[entry.rule];
    if (other.empty() || !rule.clients.empty() || entry.scope == Scope::below) continue;
    const auto* exact = index.find(other, Scope::name);
    const auto* theirs = exact != nullptr ? exact : index.longest_match(other, true);
    const auto number = theirs != nullptr ? std::optional(theirs->rule) : model.default_rule;
    const Rule* found = number ? &model.rules[*number] : nullptr;
    if (found != nullptr && found->action == rule.action &&
        (rule.action != Action::forward || found->pool == rule.pool))
      continue;
    if (++told > kMaxHolesPerFile) return;
    reader.findings.warning(entry.where, entry.where.file == 0 ? rule.origin : "",
                            "a Studio domain has two hosts, and " + to_text(other) + " goes to " +
                                (found != nullptr ? target_text(reader, *found) : "no pool") + ", not to " +
                                target_text(reader, rule) + ": add it");
  }
}

// A longer zone takes its names out of a private one, to a pool that is not: allowed, but seldom meant.
void check_holes_in_private_zones(ModelReader& reader) {
  const Model& model = reader.model;
  const ZoneIndex private_zones(model.zones, [&](const ZoneNames::Entry& entry) {
    return model.rules[entry.rule].is_private && entry.scope != Scope::name;
  });
  if (private_zones.empty()) return;
  struct Count {
    size_t all = 0;
    Where next;  // the first that is not shown
  };
  std::map<uint32_t, Count> counts;  // by file
  for (const auto& entry : model.zones.entries) {
    const Rule& rule = model.rules[entry.rule];
    if (rule.is_private || rule.action != Action::forward) continue;
    const auto* around = private_zones.longest_match(model.zones.name(entry), false);
    if (around == nullptr) continue;
    Count& count = counts[entry.where.file];
    if (++count.all == kMaxHolesPerFile + 1) count.next = entry.where;
    if (count.all > kMaxHolesPerFile) continue;
    reader.findings.warning(entry.where, entry.where.file == 0 ? rule.origin : "",
                            zone_text(reader, entry) + " goes to " + target_text(reader, rule) +
                                ", out of the private zone " + zone_text(reader, *around) + " on " +
                                line_text(reader, around->where, entry.where.file));
  }
  for (const auto& [file, count] : counts)
    if (count.all > kMaxHolesPerFile)
      reader.findings.warning(
          count.next, "",
          "and " + std::to_string(count.all - kMaxHolesPerFile) + " more zones out of private ones, this one first");
}

// Control asks each pool's servers for its health.name: also a way for a private name to get out.
void check_probe_names(ModelReader& reader, const ZoneIndex& index) {
  const Model& model = reader.model;
  for (uint32_t i = 0; i < model.pools.size(); ++i) {
    const Pool& pool = model.pools[i];
    if (!pool.health.name || !is_private_elsewhere(model, index, *pool.health.name, i)) continue;
    const ZoneNames::Entry* entry = index.longest_match(*pool.health.name, true);
    const Rule& rule = model.rules[entry != nullptr ? entry->rule : *model.default_rule];
    reader.findings.error(pool.where, "pools." + pool.name + ".health.name",
                          to_text(*pool.health.name) + " is a private name of pool '" + model.pools[rule.pool].name +
                              "', and its probes would show it to the servers of '" + pool.name +
                              "': give a name that these may know");
  }
}

// A transfer carries records of all names below the zone's: of a private one that is another pool's it would be what others say of it.
void check_transfers(ModelReader& reader) {
  const Model& model = reader.model;
  const ZoneIndex given(model.zones,
                        [&](const ZoneNames::Entry& entry) { return !model.rules[entry.rule].transfers.empty(); });
  if (given.empty()) return;
  for (const auto& entry : model.zones.entries) {
    const Rule& rule = model.rules[entry.rule];
    std::string_view above = model.zones.name(entry);
    if (!rule.is_private || above.size() <= 1) continue;
    above.remove_prefix(static_cast<uint8_t>(above.front()) + 1U);
    const auto* around = given.longest_match(above, true);
    if (around == nullptr) continue;
    const Rule& theirs = model.rules[around->rule];
    if (theirs.is_private && rule.action == Action::forward && theirs.pool == rule.pool) continue;
    reader.findings.error(around->where, around->where.file == 0 ? theirs.origin + ".transfers" : "",
                          "a transfer of " + zone_text(reader, *around) + " would carry names of the private zone " +
                              zone_text(reader, entry) + " on " + line_text(reader, entry.where, around->where.file) +
                              ": remove 'transfers:'");
    return;
  }
}

// The leak guard looks at answers for private names only.
void check_expectations(ModelReader& reader) {
  for (const Rule& rule : reader.model.rules)
    if (!rule.is_private && !rule.expect.empty())
      reader.findings.warning(
          rule.where, rule.origin + ".expect",
          std::string("has no effect: ") + (rule.action == Action::forward
                                                ? "these names are not private; write 'private: on' beside it"
                                                : "these names are answered here and never forwarded"));
}

// A pool may take all of what there is, never more.
void check_cache_sizes(ModelReader& reader) {
  const uint64_t all = reader.model.dataplane.cache_size;
  for (const Pool& pool : reader.model.pools)
    if (pool.cache.size > all)
      reader.findings.warning(pool.where, "pools." + pool.name + ".cache.size",
                              std::to_string(pool.cache.size >> 20) + " MiB are more than the " +
                                  std::to_string(all >> 20) + " MiB of dataplane.cache_size, which all pools share");
}

}  // namespace

void check_ports(ModelReader& reader, bool has_ports) {
  const Model& model = reader.model;
  if (!has_ports)
    reader.findings.error({0, 1}, "ports",
                          "there are no ports: write 'ports: [{name: corp, device: \"af_xdp:eth0\"}]'");
  for (const Port& port : model.ports)
    if ((port.kind == PortKind::pci || port.kind == PortKind::vdev) && model.listen.empty())
      reader.findings.error(
          port.where, "listen",
          "port '" + port.name + "' belongs to DPDK and has no addresses to take over: write 'listen: [ADDRESS]'");
}

void validate(ModelReader& reader, bool has_ports) {
  check_ports(reader, has_ports);
  check_endpoints(reader);
  check_shared_endpoints(reader);
  check_studio_pools(reader);
  const ZoneIndex index(reader.model.zones);
  check_repeated_names(reader, index);
  check_views(reader, index);
  if (!reader.findings.has_error()) check_probe_names(reader, index);
  if (!reader.findings.has_error()) check_transfers(reader);
  // The rest looks at the rules as a whole, which are as meant only when all could be read: no findings about errors.
  if (reader.findings.has_error()) return;
  check_use_of_pools(reader);
  check_apexes(reader, index);
  check_domain_hosts(reader, index);
  check_holes_in_private_zones(reader);
  check_expectations(reader);
  check_cache_sizes(reader);
}

}  // namespace penstock::config
