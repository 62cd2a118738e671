// config/check/describe.cpp - what the configuration does, in sentences. Long because every key has one; no logic beside.
#include <algorithm>
#include <cctype>
#include <cstdio>

#include "config/check/probe_names.h"
#include "config/contract/decisions/rcode.h"
#include "config/read/read_model.h"
#include "config/source_ports.h"
#include "config/yaml/findings.h"

namespace penstock::config {
namespace {

constexpr size_t kMaxRows = 200;  // names of the YAML that are listed one by one
constexpr size_t kMaxColumn = 72;
constexpr size_t kMaxBuiltIn = 12;  // names of a switch that are listed
constexpr size_t kLongestBuiltIn = 60;

using Row = std::vector<std::string>;

// Columns as wide as their widest cell, up to kMaxColumn; the last one ragged.
std::string table(const std::vector<Row>& rows, const std::string& indent) {
  std::vector<size_t> widths;
  for (const Row& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], std::min(row[i].size(), kMaxColumn));
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = indent;
    for (size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      if (i + 1 < row.size()) line.append(widths[i] - std::min(widths[i], row[i].size()) + 2, ' ');
    }
    text += line.erase(line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

template <typename List>
std::string join(const List& list) {
  std::string text;
  for (const auto& item : list) text += (text.empty() ? "" : ", ") + to_string(item);
  return text;
}

std::string to_string(std::chrono::milliseconds value) {
  return value.count() % 1000 == 0 ? std::to_string(value.count() / 1000) + "s" : std::to_string(value.count()) + "ms";
}

// "64 MiB"; what is no whole number of KiB is not written so.
std::string size_text(uint64_t octets) {
  static constexpr std::string_view kUnits[] = {" octets", " KiB", " MiB", " GiB"};
  size_t unit = 0;
  for (; unit + 1 < std::size(kUnits) && octets % 1024 == 0; ++unit) octets /= 1024;
  return std::to_string(octets) + std::string(kUnits[unit]);
}

std::string port_text(const Port& port) {
  switch (port.kind) {
    case PortKind::af_xdp:
      return "interface " + port.device + " by AF_XDP; other traffic stays with the kernel";
    case PortKind::af_packet:
      return "interface " + port.device + " by AF_PACKET; other traffic stays with the kernel";
    case PortKind::pci:
      return "PCI device " + port.device + ", owned by DPDK; other traffic goes to the kernel through a TAP";
    case PortKind::vdev:
      return "virtual device " + port.device + ", owned by DPDK; other traffic goes to the kernel through a TAP";
  }
  return {};
}

// Where access or what is answered goes by the address that asks. Empty: it does not, or all ports look at whose address it is.
std::string segment_text(const Model& model) {
  const bool has_views = std::any_of(model.rules.begin(), model.rules.end(),
                                     [](const Rule& rule) { return !rule.clients.empty() || !rule.transfers.empty(); });
  if (model.clients.deny.empty() && !has_views) return {};
  std::string loose;
  for (const Port& port : model.ports)
    if (!port.strict_reverse_path) loose += (loose.empty() ? "" : ", ") + port.name;
  if (loose.empty()) return {};
  return "any host on the network of " + loose +
         " can use any address there and read the answer, so 'deny' and zones for some clients do not stop it; "
         "set 'reverse_path: strict' on the port (README)";
}

std::string vlans_text(const Port& port) {
  if (port.vlans.empty()) return {};
  std::string text;
  for (const uint16_t tag : port.vlans)
    text += (text.empty() ? "; serves " : ", ") + (tag == 0 ? "untagged frames" : "VLAN " + std::to_string(tag));
  return text;
}

std::string reverse_path_text(const Port& port) {
  if (!port.strict_reverse_path) return {};
  std::string text =
      "; accepts a source address only from its neighbour's MAC or a gateway's: those of the kernel's routes";
  for (const auto& mac : port.gateways) {
    char written[18];
    std::snprintf(written, sizeof written, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
                  mac[5]);
    text += std::string(&mac == &port.gateways.back() ? " and " : ", ") + written;
  }
  return text;
}

std::string clients_text(const Clients& clients) {
  std::string text = join(clients.allow);
  if (!clients.deny.empty()) text += "; except " + join(clients.deny);
  return text + (clients.silent ? "; others get no answer" : "; others get REFUSED");
}

std::string group_text(const ClientGroup& group) {
  std::string text = join(group.prefixes) + ": " + std::to_string(group.weight) +
                     (group.weight == 1 ? " time" : " times") +
                     " the share of a client without group, when resources are scarce";
  if (group.rate_per_client)
    text += *group.rate_per_client == 0 ? "; no limit per client"
                                        : "; " + std::to_string(*group.rate_per_client) + " queries/s per client";
  if (group.rate != 0) text += "; " + std::to_string(group.rate) + " queries/s in total";
  if (group.udp_size) text += "; UDP answers up to " + std::to_string(*group.udp_size) + " octets";
  return text;
}

// Empty: nobody is limited.
std::string limits_text(const Clients& clients) {
  std::string text;
  const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
  const bool of_groups = std::any_of(clients.groups.begin(), clients.groups.end(), [](const ClientGroup& group) {
    return group.rate != 0 || group.rate_per_client.value_or(0) != 0;
  });
  if (clients.rate_per_client == 0 && clients.response_rate == 0 && !of_groups) return {};
  if (clients.rate_per_client != 0)
    add(std::to_string(clients.rate_per_client) +
        " queries/s per client (IPv4 address, IPv6 host; IPv6 /64: 4 times, /56: 16 times)");
  if (clients.response_rate != 0)
    add("the same answer " + std::to_string(clients.response_rate) + " times/s per network (IPv4 /24, IPv6 /56)");
  if (!clients.rate_exempt.empty()) add("except " + join(clients.rate_exempt));
  switch (clients.over_rate) {
    case OverRate::truncate:
      add("the excess is truncated, so that clients retry over TCP");
      break;
    case OverRate::refuse:
      add("the excess gets REFUSED");
      break;
    case OverRate::drop:
      add("the excess gets no answer");
      break;
  }
  return text;
}

// Empty: nothing is said about them.
std::string source_ports_text(const Dataplane& dataplane) {
  if (!dataplane.source_ports && dataplane.nodes == 1 && source_port_share(dataplane) == 16'384) return {};
  std::string text = dataplane.source_ports ? std::to_string(dataplane.source_ports->count) + " from " +
                                                  std::to_string(dataplane.source_ports->first)
                                            : std::to_string(source_port_share(dataplane));
  return text + "; with " + std::to_string(dataplane.nodes) + (dataplane.nodes == 1 ? " node" : " nodes") +
         " an endpoint sees up to " + std::to_string(dataplane.port_budget) + " address and port pairs";
}

std::string identity_text(const Dataplane& dataplane) {
  const auto quoted = [](const std::string& text) { return "\"" + text + "\""; };
  const std::string name = !dataplane.identity           ? "the host's name"
                           : dataplane.identity->empty() ? std::string("none")
                                                         : quoted(*dataplane.identity);
  return name + " (NSID, id.server); version.bind is " +
         (dataplane.version.empty() ? std::string("refused") : "answered " + quoted(dataplane.version));
}

// "queries", "one in 10 of the queries for pool vpc answered with SERVFAIL or nothing".
std::string choice_text(const Model& model, const QueryChoice& choice) {
  std::string text = choice.sample == 1 ? "queries" : "one in " + std::to_string(choice.sample) + " of the queries";
  std::vector<std::string> names;
  const auto add = [&](const char* what, const char* last) {
    if (!names.empty()) text += what + join_words({names.begin(), names.end()}, last);
    names.clear();
  };
  for (const uint32_t group : choice.clients) names.push_back(model.clients.groups[group].name);
  add(" of clients ", " and ");
  for (const uint32_t pool : choice.pools) names.push_back(model.pools[pool].name);
  add(" for pool ", " or ");
  for (const uint8_t rcode : choice.rcodes) names.push_back(rcode == kNotAnswered ? "nothing" : rcode_text(rcode));
  add(" answered with ", " or ");
  return text;
}

std::string query_log_text(const Model& model) {
  const QueryLog& log = model.query_log;
  std::string text = choice_text(model, log.choice) + ", as " + (log.as_json ? "JSON" : "text") + ", to " + log.to;
  if (log.to.starts_with('/'))
    text += ", which is put aside at " + std::to_string(log.file_size >> 10) + " KiB, " + std::to_string(log.files) +
            " times";
  return text;
}

std::string metrics_text(const Model& model) {
  if (!model.metrics_listen) return "off";
  std::string text = (model.metrics_access.tls ? "https://" : "http://") + *model.metrics_listen + "/metrics";
  std::vector<std::string_view> users;
  for (const MetricsUser& user : model.metrics_access.users) users.push_back(user.name);
  return users.empty() ? text : text + " for " + join_words(users, " and ");
}

std::string dnstap_text(const Model& model) {
  const Dnstap& dnstap = model.dnstap;
  std::string text = choice_text(model, dnstap.choice) + ", without the records of answers, to " + dnstap.to;
  if (dnstap.is_socket()) return text;
  if (!dnstap.tls) return text + " over TCP";
  text += " over TLS, if it has a certificate for ";
  text += dnstap.tls->name.empty() ? "that address" : dnstap.tls->name;
  return text + " by " + (dnstap.tls->ca.empty() ? "an authority of the system" : dnstap.tls->ca);
}

std::string log_text(const Log& log) {
  static constexpr std::string_view kLevels[] = {"debug", "info", "warning", "error"};
  static_assert(std::size(kLevels) == kCountOf<LogLevel>);
  return std::string("as ") + (log.as_json ? "JSON" : "text") + ", level " +
         std::string(kLevels[static_cast<size_t>(log.level)]) + " and above, in " +
         (log.local_time ? "local time" : "UTC");
}

std::string groups_text(const std::vector<std::string>& groups) {
  return groups.empty() ? "none" : join_words({groups.begin(), groups.end()}, " and ");
}

std::vector<Row> process_rows(const Model& model) {
  std::vector<Row> rows;
  for (const Port& port : model.ports)
    rows.push_back({"Port " + port.name, port_text(port) + vlans_text(port) + reverse_path_text(port)});
  rows.push_back({"Listens on", model.listen.empty() ? "all addresses of the ports" : join(model.listen)});
  rows.push_back({"Lcores", (model.lcores ? std::to_string(*model.lcores) : std::string("auto")) +
                                (model.idle == Idle::busy ? ", polling without rest" : ", sleeping when idle")});
  if (std::string text = source_ports_text(model.dataplane); !text.empty())
    rows.push_back({"Source ports", std::move(text)});
  rows.push_back({"Cache", model.dataplane.cache_size == 0
                               ? std::string("off: dataplane.cache_size is 0")
                               : size_text(model.dataplane.cache_size) + ", shared by all pools"});
  rows.push_back({"Identity", identity_text(model.dataplane)});
  const Tcp& tcp = model.dataplane.tcp;
  rows.push_back({"TCP", std::to_string(tcp.connections) + " connections, " +
                             std::to_string(tcp.connections_per_client) + " per client, closed after " +
                             to_string(tcp.idle_timeout) + " without a query"});
  rows.push_back({"Allowed", clients_text(model.clients)});
  if (std::string text = segment_text(model); !text.empty()) rows.push_back({"Warning", std::move(text)});
  if (!model.clients.allow_snoop.empty())
    rows.push_back({"Snooping", join(model.clients.allow_snoop) + ": get cached answers to queries without RD"});
  if (std::string text = limits_text(model.clients); !text.empty()) rows.push_back({"Rate limits", std::move(text)});
  for (const ClientGroup& group : model.clients.groups) rows.push_back({"Group " + group.name, group_text(group)});
  if (model.updates)
    rows.push_back({"Updates", "of public names go to pool " + model.pools[*model.updates].name +
                                   ", one endpoint per client; of private names get REFUSED"});
  if (!model.query_log.to.empty()) rows.push_back({"Query log", query_log_text(model)});
  if (model.log != Log{}) rows.push_back({"Log", log_text(model.log)});
  if (!model.control.look.empty() || !model.control.change.empty())
    rows.push_back({"penstockctl", "root; to look, groups " + groups_text(model.control.look) +
                                       "; to change things, groups " + groups_text(model.control.change)});
  if (!model.dnstap.to.empty()) rows.push_back({"dnstap", dnstap_text(model)});
  rows.push_back({"Metrics", metrics_text(model)});
  return rows;
}

// What a pool's own line hides: that private names share its servers with others. Empty: they do not.
std::string sharing_text(const Model& model, uint32_t number) {
  size_t private_rules = 0;
  size_t other_rules = 0;
  for (uint32_t i = 0; i < model.rules.size(); ++i) {
    const Rule& rule = model.rules[i];
    if (rule.action != Action::forward || rule.pool != number || model.default_rule == i) continue;
    ++(rule.is_private ? private_rules : other_rules);
  }
  const bool is_default = model.default_rule && model.rules[*model.default_rule].action == Action::forward &&
                          model.rules[*model.default_rule].pool == number;
  if (private_rules == 0 || (!is_default && other_rules == 0)) return {};
  return std::string("private names and ") + (is_default ? "all other names (default)" : "names that are not private") +
         " go to the same servers: private names that these do not know may leak through them";
}

std::string policy_text(const Pool& pool) {
  switch (pool.policy) {
    case Policy::least_outstanding:
      return "the less busy of two random endpoints";
    case Policy::round_robin:
      return "endpoints in turn";
    case Policy::ordered:
      return "the first healthy endpoint";
    case Policy::weighted:
      break;
  }
  std::string text;
  for (const Endpoint& endpoint : pool.endpoints)
    text += (text.empty() ? "by weight, " : " : ") + std::to_string(endpoint.weight);
  return text;
}

// Empty: no endpoint has one.
std::string budget_text(const Pool& pool) {
  const auto one = [](const Endpoint& endpoint) {
    return endpoint.budget == 0 ? std::string("no limit") : std::to_string(endpoint.budget) + " queries/s";
  };
  const auto& endpoints = pool.endpoints;
  if (std::all_of(endpoints.begin(), endpoints.end(), [&](const auto& e) { return e.budget == endpoints[0].budget; }))
    return endpoints.empty() || endpoints[0].budget == 0 ? "" : one(endpoints[0]) + " each";
  std::string text;
  for (const Endpoint& endpoint : endpoints)
    text += (text.empty() ? "" : ", ") + to_string(endpoint.address) + " " + one(endpoint);
  return text;
}

std::string cache_text(const Model& model, const Pool& pool) {
  const CachePolicy& cache = pool.cache;
  if (model.dataplane.cache_size == 0) return "nothing: dataplane.cache_size is 0";
  if (!cache.enabled) return "nothing: every query is forwarded";
  const auto seconds = [](uint32_t count) { return std::to_string(count) + " s"; };
  std::string text = "up to " + seconds(cache.max_ttl) + " (negative answers " + seconds(cache.max_negative_ttl) + ")";
  if (cache.min_ttl != 0) text += ", at least " + seconds(cache.min_ttl);
  if (cache.stale) text += "; stale up to " + seconds(cache.max_stale) + " more when no endpoint answers";
  if (cache.prefetch) text += "; popular answers renewed before they expire";
  if (!cache.rotate) text += "; order of addresses kept";
  if (pool.kind == PoolKind::recursive)
    text += "; names below _msdcs, _sites, _tcp and _udp up to 60 s (negative answers 5 s)";
  if (cache.size != 0) text += "; at most " + size_text(cache.size);
  return text;
}

// What of a client's EDNS goes on to the pool, and how large its answers may be.
std::string edns_text(const Pool& pool) {
  std::string options;
  for (const uint16_t code : pool.pass_options) options += (options.empty() ? "" : ", ") + std::to_string(code);
  std::string text = "UDP answers up to " + std::to_string(pool.udp_size) +
                     " octets; client options forwarded: " + (options.empty() ? "none" : options);
  if (pool.ecs == Ecs::pass) text += "; client subnet (ECS) forwarded";
  if (pool.ecs == Ecs::add) text += "; client subnet (ECS) added, /24 or /56: no answer is shared or cached";
  return text;
}

// Empty: they are asked as they came.
std::string case_text(const Pool& pool, const std::string& probe_name) {
  if (!pool.randomise_case) return {};
  const auto letters =
      std::count_if(probe_name.begin(), probe_name.end(), [](unsigned char octet) { return std::isalpha(octet) != 0; });
  if (letters < 2)
    return "unchanged: the probe name has no letters to test endpoints with; set health.name to a name with letters";
  return "random while an endpoint repeats that of its probes, else unchanged: one bit per letter against forged "
         "responses; see 'penstockctl status'";
}

std::vector<Row> pool_rows(const Model& model, uint32_t number, const WireName& probe_name) {
  const Pool& pool = model.pools[number];
  const HealthCheck& health = pool.health;
  std::vector<IpAddress> addresses;
  for (const Endpoint& endpoint : pool.endpoints) addresses.push_back(endpoint.address);
  const std::string name = to_text(probe_name);
  std::vector<Row> rows = {
      {"endpoints", join(addresses)},
      {"policy", policy_text(pool)},
      {"sent from", pool.source.empty() ? "the source address of the kernel's route" : join(pool.source)},
      {"probe", (name == "." ? "the root" : name) + (health.name ? "" : " (default)") + " every " +
                    to_string(health.interval) + ", time-out " + to_string(health.timeout) + ", up after " +
                    std::to_string(health.rise) + ", down after " + std::to_string(health.fall)}};
  if (std::string text = budget_text(pool); !text.empty())
    rows.insert(rows.begin() + 2, {"budget", text + (pool.tracked ? "; security group tracks connections" : "")});
  rows.push_back({"cached", cache_text(model, pool)});
  if (pool.udp_size != Pool{}.udp_size || !pool.pass_options.empty() || pool.ecs != Ecs::strip)
    rows.push_back({"EDNS", edns_text(pool)});
  if (std::string text = case_text(pool, name); !text.empty()) rows.push_back({"case", std::move(text)});
  if (pool.resolve_tc) rows.push_back({"truncated", "answers are fetched again over TCP"});
  if (pool.pipelining == Pipelining::on)
    rows.push_back({"over TCP", "many queries at once per connection, even if the endpoint fails on them"});
  if (pool.pipelining == Pipelining::off) rows.push_back({"over TCP", "one query at a time per connection"});
  if (std::string text = sharing_text(model, number); !text.empty()) rows.push_back({"warning", std::move(text)});
  return rows;
}

std::string records_text(const Model& model, const Rule& rule) {
  const uint32_t file = rule.records.front().where.file;
  if (file != 0) return model.files[file];
  return std::to_string(rule.records.size()) + (rule.records.size() == 1 ? " line" : " lines") + " of 'records:'";
}

Row rule_row(const Model& model, const Rule& rule, std::string names) {
  std::string target;
  switch (rule.action) {
    case Action::forward:
      target = "to " + model.pools[rule.pool].name;
      break;
    case Action::nxdomain:
      target = "answered NXDOMAIN";
      break;
    case Action::nodata:
      target = "answered NODATA";
      break;
    case Action::refused:
      target = "answered REFUSED";
      break;
    case Action::records:
      target = rule.records.empty() ? "answered from an empty zone" : "answered from " + records_text(model, rule);
      break;
    case Action::addresses:
      target = "answered " + join(rule.addresses);
      break;
  }
  std::string marks = rule.is_private ? "private" : "";
  if (rule.action == Action::forward && !rule.cache) marks += marks.empty() ? "not cached" : ", not cached";
  const auto names_of = [&](const std::vector<uint32_t>& groups) {
    std::string text;
    for (const uint32_t group : groups) text += (text.empty() ? "" : ", ") + model.clients.groups[group].name;
    return text;
  };
  if (!rule.clients.empty())
    marks += (marks.empty() ? "for " : "; for ") + names_of(rule.clients) +
             (rule.otherwise == Otherwise::next ? "; others: next" : "; others REFUSED");
  if (!rule.transfers.empty()) marks += (marks.empty() ? "" : "; ") + ("transferred to " + names_of(rule.transfers));
  return {std::move(names), std::move(target), std::move(marks), rule.origin};
}

std::vector<Row> name_rows(const Model& model) {
  std::vector<Row> rows;
  std::vector<size_t> names_of_rule(model.rules.size());
  std::vector<uint32_t> files_of_rule(model.rules.size());
  size_t left_out = 0;
  for (const auto& entry : model.zones.entries) {
    if (model.rules[entry.rule].is_built_in) continue;
    if (entry.where.file != 0) {
      ++names_of_rule[entry.rule];
      files_of_rule[entry.rule] = entry.where.file;
      continue;
    }
    if (rows.size() == kMaxRows) {
      ++left_out;
      continue;
    }
    const std::string name = to_text(model.zones.name(entry));
    rows.push_back(rule_row(model, model.rules[entry.rule],
                            entry.scope == Scope::name    ? name
                            : entry.scope == Scope::below ? "below " + name
                                                          : name + " and below"));
  }
  if (left_out > 0) rows.push_back({"and " + std::to_string(left_out) + " more"});
  for (size_t i = 0; i < model.rules.size(); ++i) {
    if (names_of_rule[i] == 0) continue;
    const std::string count = std::to_string(names_of_rule[i]) + (names_of_rule[i] == 1 ? " name" : " names");
    rows.push_back(rule_row(model, model.rules[i], count + " of " + model.files[files_of_rule[i]]));
  }
  if (model.default_rule) {
    rows.push_back(rule_row(model, model.rules[*model.default_rule], "all other names"));
  } else {
    rows.push_back({"all other names", "answered REFUSED", "", "no default"});
  }
  return rows;
}

// Names that are answered here though nobody wrote them; a row for each switch. Long ones and many are only counted.
std::vector<Row> built_in_rows(const Model& model) {
  std::vector<Row> rows;
  size_t shown = 0;
  size_t left_out = 0;
  const auto end_row = [&] {
    if (!rows.empty() && left_out != 0) rows.back()[1] += " and " + std::to_string(left_out) + " more";
    shown = left_out = 0;
  };
  for (const auto& entry : model.zones.entries) {
    const Rule& rule = model.rules[entry.rule];
    if (!rule.is_built_in) continue;
    if (rows.empty() || rows.back()[0] != rule.origin) {
      end_row();
      rows.push_back({rule.origin, ""});
    }
    const std::string name = to_text(model.zones.name(entry));
    if (shown == kMaxBuiltIn || name.size() > kLongestBuiltIn) {
      ++left_out;
      continue;
    }
    rows.back()[1] += (shown++ == 0 ? "" : ", ") + name;
  }
  end_row();
  return rows;
}

// What becomes of answers with private names in them. Rules that agree in it share a row.
std::vector<Row> guard_rows(const Model& model) {
  static constexpr std::string_view kOnLeak[] = {"else SERVFAIL", "else alarm only"};
  static constexpr std::string_view kCname[] = {"CNAMEs to them are followed in their pool",
                                                "CNAMEs to them raise an alarm only", "CNAMEs to them pass"};
  std::vector<bool> is_used(model.rules.size());
  for (const auto& entry : model.zones.entries) is_used[entry.rule] = true;
  if (model.default_rule) is_used[*model.default_rule] = true;
  std::vector<Row> rows;
  for (size_t i = 0; i < model.rules.size(); ++i) {
    const Rule& rule = model.rules[i];
    if (!rule.is_private || !is_used[i]) continue;
    std::string withheld;
    if (!rule.expect.empty() && rule.on_leak == OnLeak::servfail) {
      if (is_withheld(rule, 6)) withheld = rule.assumes_ipv6 ? ", other IPv6 NODATA" : ", IPv6 NODATA";
      if (is_withheld(rule, 4)) withheld = ", IPv4 NODATA";
    }
    Row row{rule.expect.empty() ? "any address (no 'expect:')" : join(rule.expect),
            (rule.expect.empty() ? "" : std::string(kOnLeak[static_cast<size_t>(rule.on_leak)])) + withheld,
            std::string(kCname[static_cast<size_t>(rule.cname)]), rule.origin};
    if (rule.action != Action::forward) {
      row[0] = "answered here";
      if (rule.cname == CnameInto::chase)
        row[2] = rule.action == Action::records || rule.action == Action::addresses ? "CNAMEs to them are followed here"
                                                                                    : "CNAMEs to them get SERVFAIL";
    }
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const Row& other) {
      return std::equal(row.begin(), row.end() - 1, other.begin());
    });
    if (same == rows.end())
      rows.push_back(std::move(row));
    else if (same->back().size() < kMaxColumn)
      same->back() += ", " + rule.origin;
    else if (!same->back().ends_with(", ..."))
      same->back() += ", ...";
  }
  return rows;
}

}  // namespace

std::string describe(const Model& model) {
  std::string text = table(process_rows(model), "");
  const std::vector<WireName> probes = probe_names(model);
  for (uint32_t i = 0; i < model.pools.size(); ++i) {
    const Pool& pool = model.pools[i];
    text += "\nPool " + pool.name + ": " + (pool.kind == PoolKind::recursive ? "recursive" : "route53-inbound") +
            (pool.is_private ? ", private: its names never go to another pool" : "") + "\n";
    text += table(pool_rows(model, i, probes[i]), "  ");
  }
  text += "\nNames: the exact name first, then the longest zone\n" + table(name_rows(model), "  ");
  const std::vector<Row> built_in = built_in_rows(model);
  if (!built_in.empty()) text += "\nAnswered here, unless your zones say otherwise\n" + table(built_in, "  ");
  const std::vector<Row> guarded = guard_rows(model);
  if (!guarded.empty()) text += "\nPrivate names: the networks their addresses must be in\n" + table(guarded, "  ");
  return text;
}

}  // namespace penstock::config
