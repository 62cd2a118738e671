#include "control/import/readers/dnsmasq/domains.h"

#include <algorithm>

#include "config/read/built_in.h"
#include "config/read/reverse_zones.h"
#include "control/import/form/chain.h"
#include "control/import/form/words.h"

namespace penstock::imports {
namespace {

// Of several kinds of lines for a name (2.90, domain-match.c): which counts.
int rank_of(const Target& target) {
  switch (target.kind) {
    case Kind::addresses:
      return 3;
    case Kind::as_default:
      return 2;
    case Kind::servers:
      return 1;
    default:
      return 0;
  }
}

}  // namespace

std::vector<std::string_view> DnsmasqDomains::take_domains(std::string_view& value) const {
  if (!value.starts_with('/')) return {};
  std::vector<std::string_view> domains;
  for (size_t slash = value.find('/', 1); slash != std::string_view::npos; slash = value.find('/', 1)) {
    domains.push_back(value.substr(1, slash - 1));
    value.remove_prefix(slash);
  }
  value.remove_prefix(1);
  return domains;
}

// "ADDRESS[#PORT][@INTERFACE or SOURCE]"
std::optional<Server> DnsmasqDomains::read_target(std::string_view text, Where where) {
  const size_t at = text.find('@');
  if (at != std::string_view::npos)
    source_.decide(where,
                   "'" + std::string(text.substr(at)) +
                       "' names an interface or source address: write 'source: ADDRESS' at the pool if it matters");
  const auto server = parse_server(text.substr(0, at), '#');
  if (!server) source_.decide(where, "'" + std::string(text) + "' is not an IP address: write the server's");
  return server;
}

void DnsmasqDomains::read_server(std::string_view value, Where where) {
  const auto domains = take_domains(value);
  if (domains.empty()) {
    if (value.starts_with('/')) return source_.decide(where, "this line has no domain between two slashes: left out");
    if (const auto server = read_target(value, where)) add_other(*server, where);
    return;
  }
  Target target{.kind = Kind::servers};
  if (value.empty()) {
    target.kind = Kind::nxdomain;  // local data only
  } else if (value == "#") {
    target.kind = Kind::as_default;
  } else if (const auto server = read_target(value, where)) {
    target.servers.push_back(*server);
  }
  for (const std::string_view domain : domains) add(domain, target, where);
}

void DnsmasqDomains::read_address(std::string_view value, Where where) {
  const auto domains = take_domains(value);
  Target target{.kind = Kind::addresses};
  if (value == "#") {
    target.addresses = {*config::parse_address("0.0.0.0"), *config::parse_address("::")};
  } else if (value.empty()) {
    target.kind = Kind::nxdomain;
  } else if (const auto address = config::parse_address(value)) {
    target.addresses.push_back(*address);
  } else {
    return source_.decide(where, "'" + std::string(value) + "' is not an IP address: left out");
  }
  if (domains.empty()) source_.decide(where, "this line has no domain between slashes: left out");
  for (const std::string_view domain : domains) add(domain, target, where);
}

void DnsmasqDomains::read_reverse(std::string_view value, Where where) {
  const size_t comma = value.find(',');
  const auto network = parse_network(trim(value.substr(0, comma)));
  if (!network || comma == std::string_view::npos)
    return source_.decide(where, "this is no network and server: write 'rev-server=10.0.0.0/8,ADDRESS'. Left out");
  Target target{.kind = Kind::servers};
  if (const auto server = read_target(trim(value.substr(comma + 1)), where)) target.servers.push_back(*server);
  for (const WireName& name : config::reverse_zones(*network)) add(name, Scope::zone, target, where);
}

void DnsmasqDomains::add(std::string_view domain, const Target& target, Where where) {
  if (domain.empty())
    return source_.decide(where, "names without a dot (//) have no rule here: they go with all others");
  if (domain == "#") {
    if (target.kind == Kind::servers)
      for (const Server& server : target.servers) add_other(server, where);
    else
      source_.decide(where, "all names: write 'default: {answer: " + to_text(target) + "}'");
    return;
  }
  Scope scope = Scope::zone;
  if (domain.starts_with("*.")) {
    scope = Scope::below;
    domain.remove_prefix(2);
  } else if (domain.starts_with('*')) {
    source_.decide(where, "'" + std::string(domain) +
                              "' also means names that only end alike, which have no rule here: taken as " +
                              std::string(domain.substr(1)));
    domain.remove_prefix(1);
  }
  if (domain.starts_with('.')) domain.remove_prefix(1);
  const auto name = config::parse_name(domain);
  if (!name || name->size() == 1)
    return source_.decide(where, "'" + std::string(domain) + "' is not a domain name: left out");
  add(*name, scope, target, where);
}

// Several lines for a name are one entry with all that they name.
void DnsmasqDomains::add(const WireName& name, Scope scope, const Target& target, Where where) {
  const auto [it, is_new] = entries_.try_emplace(name + static_cast<char>(scope), source_.zones.size());
  if (is_new) {
    source_.zones.push_back({name, scope, target, where});
    return;
  }
  Zone& zone = source_.zones[it->second];
  if (zone.target.kind != target.kind) {
    const bool is_stronger = rank_of(target) > rank_of(zone.target);
    // "address=/x/ADDRESS" with "local=/x/" says all that our entry does.
    const bool is_local = target.kind == Kind::nxdomain || zone.target.kind == Kind::nxdomain;
    if (is_local) closed_.insert(name);
    source_.remarks.push_back({is_local ? Weight::note : Weight::decide, where,
                               config::to_text(name) + " is on " + to_text(source_, zone.where) +
                                   " too, with something else: " + to_text(is_stronger ? target : zone.target) +
                                   " is kept"});
    if (is_stronger) zone.target = target;
    return;
  }
  zone.target.servers.insert(zone.target.servers.end(), target.servers.begin(), target.servers.end());
  for (const IpAddress& address : target.addresses)
    if (std::find(zone.target.addresses.begin(), zone.target.addresses.end(), address) == zone.target.addresses.end())
      zone.target.addresses.push_back(address);
}

void DnsmasqDomains::add_other(const Server& server, Where where) {
  if (other_.empty()) source_.other_where = where;
  other_.push_back(server);
}

void DnsmasqDomains::finish(bool in_order) {
  if (!other_.empty()) source_.other = {.kind = Kind::servers, .servers = other_, .in_order = in_order};
  tell_of_types();
  close_private();
  if (!in_order) return;
  for (Zone& zone : source_.zones) zone.target.in_order = zone.target.servers.size() > 1;
}

// bogus-priv answers where no server is named for a private address, and '#' names none.
void DnsmasqDomains::close_private() {
  if (!source_.empty_zones) return;
  const auto empty = config::empty_zone_names();
  const WireName shared = *config::parse_name("100.in-addr.arpa");
  for (Zone& zone : source_.zones) {
    const bool is_private = std::any_of(empty.begin(), empty.end(), [&](const WireName& one) {
      return is_below(zone.name, one) && !is_below(one, shared);
    });
    if (zone.target.kind != Kind::as_default || !is_private) continue;
    zone.target.kind = Kind::nxdomain;
    source_.note(zone.where, config::to_text(zone.name) + " is answered by bogus-priv all the same");
  }
}

// Of a hundred thousand such lines one is enough.
void DnsmasqDomains::tell_of_types() {
  size_t count = 0;
  const Zone* first = nullptr;
  for (const Zone& zone : source_.zones)
    if (zone.target.kind == Kind::addresses && !closed_.contains(zone.name) && ++count == 1) first = &zone;
  if (first == nullptr) return;
  source_.decide(
      first->where,
      "address= is for types A and AAAA of the addresses that it has: dnsmasq sends other queries for names of " +
          config::to_text(first->name) + (count > 1 ? " and " + std::to_string(count - 1) + " more" : "") +
          " on to servers, and Penstock answers them without records");
}

}  // namespace penstock::imports
