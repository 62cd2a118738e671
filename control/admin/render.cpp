#include "control/admin/render.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

#include "control/admin/explain/render.h"

namespace penstock::control {
namespace {

using nlohmann::json;

std::string count(const json& of, const char* key) {
  return std::to_string(of.value(key, uint64_t{0}));
}

std::string join(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

// "14:05", local.
std::string clock_time(std::time_t at) {
  std::tm parts{};
  char text[6];
  localtime_r(&at, &parts);
  return {text, std::strftime(text, sizeof text, "%H:%M", &parts)};
}

// "forwarded 60, formerr 2": what is not zero.
std::string outcomes(const json& of) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : of.items())
    if (value.get<uint64_t>() != 0) parts.push_back(name + " " + std::to_string(value.get<uint64_t>()));
  return parts.empty() ? "none" : join(parts, ", ");
}

std::string place(const json& rule) {
  const std::string file = rule.value("file", "");
  return file.empty() || rule.value("line", 0) == 0 ? ""
                                                    : " (" + file + ":" + std::to_string(rule.value("line", 0)) + ")";
}

std::string next_hop(const json& endpoint) {
  const json& hop = endpoint["next_hop"];
  if (hop.is_null())
    return endpoint.contains("no_next_hop") ? "no next hop: " + endpoint["no_next_hop"].get<std::string>()
                                            : "no next hop";
  std::string text = hop["mac"].get<std::string>() + " on " + hop["port"].get<std::string>();
  if (hop.contains("vlan")) text += " vlan " + std::to_string(hop["vlan"].get<int>());
  return text + " from " + hop["source"].get<std::string>();
}

std::string optional_count(const json& of, const char* key) {
  return of.contains(key) ? count(of, key) : "-";
}

// "120/s, 1 % of 10000"
std::string rate(const json& endpoint) {
  if (!endpoint.contains("rate")) return "-";
  const auto now = endpoint["rate"].get<uint64_t>();
  const auto budget = endpoint["budget"].get<uint64_t>();
  if (budget == 0) return std::to_string(now) + "/s";
  return std::to_string(now) + "/s, " + std::to_string(now * 100 / budget) + " % of " + std::to_string(budget);
}

std::string because(const json& explanation) {
  const json& match = explanation["match"];
  const std::string how = match["how"];
  if (how == "none") return "no zone matches and there is no default: answered REFUSED";
  if (how == "default") return "no zone matches: the default";
  const std::string zone = match["zone"];
  if (how == "name")
    return "the name itself is " + (explanation["name"] == zone ? std::string("in a rule") : "the apex of " + zone);
  return "it is below " + zone + ", the longest matching suffix";
}

std::string without_endpoint(const json& explanation) {
  const bool has_stale = explanation.contains("cache") && explanation["cache"].value("stale", false);
  return has_stale ? "a stale answer if one is cached, else SERVFAIL" : "SERVFAIL";
}

std::string action(const json& rule) {
  const std::string name = rule["action"];
  if (name == "forward") return "forwarded to the pool";
  if (name == "nxdomain") return "answered NXDOMAIN at once";
  if (name == "nodata") return "answered NODATA at once";
  if (name == "records") return "answered here, from local records";
  if (name == "addresses") return "answered here, with the addresses of the configuration";
  return "answered REFUSED at once";
}

// Errors are the same lines as `penstockctl check` prints.
void add_refused_file(const json& refused, Rows& rows) {
  constexpr size_t kShown = 5;
  rows.push_back(
      {"REFUSED",
       "the file on disk, at " + clock_time(refused["at"].get<std::time_t>()) +
           (refused.contains("copy")
                ? "; the rules are from its last good copy, " + refused["copy"]["path"].get<std::string>() + ", " +
                      render_age(std::time(nullptr) - refused["copy"]["at"].get<std::time_t>()) + " old"
                : "; the previous rules stay in force")});
  const json& reasons = refused["reasons"];
  for (size_t i = 0; i < std::min(reasons.size(), kShown); ++i) rows.push_back({"", reasons[i].get<std::string>()});
  if (reasons.size() > kShown)
    rows.push_back({"", "and " + std::to_string(reasons.size() - kShown) + " more: penstockctl status --json"});
}

}  // namespace

std::string render_age(long long seconds) {
  if (seconds < 120) return std::to_string(seconds) + " s";
  const long long minutes = seconds / 60;
  if (minutes < 120) return std::to_string(minutes) + " min";
  const long long hours = minutes / 60;
  if (hours < 48) return std::to_string(hours) + " h " + std::to_string(minutes % 60) + " min";
  return std::to_string(hours / 24) + " d " + std::to_string(hours % 24) + " h";
}

std::string render_table(const Rows& rows, const std::string& indent) {
  std::vector<size_t> width;
  for (const auto& row : rows) {
    width.resize(std::max(width.size(), row.size()));
    for (size_t i = 0; i < row.size(); ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line = indent;
    for (size_t i = 0; i < row.size(); ++i) line += row[i] + std::string(width[i] - row[i].size() + 2, ' ');
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

std::string render_status(const json& status) {
  const json& rules = status["rules"];
  const json& dataplane = status["dataplane"];
  const json& endpoints = status["endpoints"];
  Rows rows;
  std::vector<std::string> reasons;
  for (const json& reason : status["reasons"]) reasons.push_back(reason);
  const std::string first =
      status["state"].get<std::string>() + (reasons.empty() ? "" : ": " + join(reasons, "; ")) + "\n";
  rows.push_back({"rules", "generation " + count(rules, "generation") +
                               (rules["published"].get<bool>() ? ", published, " : ", NOT published, ") +
                               render_age(rules["age_s"].get<long long>()) + " old: " + count(rules, "zones") +
                               " zones, " + count(rules, "rules") + " rules, " + count(rules, "pools") + " pools"});
  if (rules.contains("refused_file")) add_refused_file(rules["refused_file"], rows);
  if (rules.contains("rolled_back")) {
    const json& rollback = rules["rolled_back"];
    rows.push_back({"ROLLED BACK", "to generation " + count(rollback, "restored") + " at " +
                                       clock_time(rollback["at"].get<std::time_t>()) + ", " +
                                       rollback["by"].get<std::string>() +
                                       "; the file on disk is taken again when it has changed"});
  }
  rows.push_back({"control", "pid " + count(status["control"], "pid") + ", up " +
                                 render_age(status["control"]["up_s"].get<long long>()) + ", " +
                                 status["control"]["config"].get<std::string>() + ", reloads " +
                                 count(rules, "reloads_succeeded") + " good, " + count(rules, "reloads_failed") +
                                 " failed"});
  if (status.contains("query_log")) {
    const json& log = status["query_log"];
    rows.push_back({"query log", log["failure"].is_string()
                                     ? "NOT WRITTEN: " + log["failure"].get<std::string>()
                                     : log["to"].get<std::string>() + ", " + log["written"].dump() +
                                           " queries written, " + log["lost"].dump() + " lost"});
  }
  if (status.contains("dnstap")) {
    const json& tap = status["dnstap"];
    const std::string to = tap["to"].get<std::string>();
    rows.push_back({"dnstap", tap["failure"].is_string()
                                  ? "NOT SENT to " + to + ": " + tap["failure"].get<std::string>() + "; " +
                                        tap["lost"].dump() + " queries lost"
                                  : to + ", " + tap["sent"].dump() + " queries sent, " + tap["lost"].dump() + " lost"});
  }
  if (status["control"].contains("metrics_warning"))
    rows.push_back({"metrics", status["control"]["metrics_warning"].get<std::string>()});
  if (status["control"].contains("metrics_failure"))
    rows.push_back({"metrics", "NOT SERVED: " + status["control"]["metrics_failure"].get<std::string>()});
  std::vector<std::string> health;
  for (const char* key :
       {"up", "slow", "tcp-broken", "throttled", "looping", "down", "unknown", "drained", "unreachable"})
    if (endpoints[key] != 0 || std::string_view(key) == "up") health.push_back(count(endpoints, key) + " " + key);
  rows.push_back({"endpoints", join(health, ", ")});
  if (!dataplane["connected"].get<bool>()) {
    rows.push_back({"dataplane",
                    "not connected to " + dataplane["socket"].get<std::string>() + ": is penstock-dataplane running?"});
  } else {
    rows.push_back({"dataplane", "pid " + count(dataplane, "pid") + ", uses generation " +
                                     count(dataplane, "generation") + ", images " +
                                     count(dataplane, "images_accepted") + " accepted, " +
                                     count(dataplane, "images_refused") + " refused"});
    std::vector<std::string> ports;
    for (const json& port : dataplane["ports"])
      ports.push_back(port["name"].get<std::string>() + " (" + port["kind"].get<std::string>() + " " +
                      port["interface"].get<std::string>() + " " + port["mac"].get<std::string>() + ")");
    rows.push_back({"ports", join(ports, ", ")});
    for (const json& port : dataplane["ports"])
      if (const std::string lost = port.contains("lost") ? outcomes(port["lost"]) : "none"; lost != "none")
        rows.push_back({"", port["name"].get<std::string>() + " LOST frames: " + lost});
    const json& slow = dataplane["slow_lane"];
    rows.push_back({"TCP", count(slow["now"], "connections") + " connections, " + count(slow, "queries") +
                               " queries from clients; to endpoints " + count(slow["now"], "upstream_connections") +
                               " connections, " + count(slow, "upstream_queries") + " queries"});
    std::vector<std::string> busy;
    for (const json& lcore : dataplane["lcores"])
      busy.push_back(std::to_string(std::lround(lcore["busy_share"].get<double>() * 100)) + " %");
    rows.push_back({"lcores", std::to_string(busy.size()) + ", busy since start: " + join(busy, ", ")});
    rows.push_back(
        {"frames", count(dataplane, "received") + " received: " + outcomes(dataplane["outcomes"]["classify"])});
    for (const char* stage : {"query", "response", "guard", "waiter", "remember", "refresh", "retry", "sweep",
                              "handoff", "transmit", "door"})
      rows.push_back({"  " + std::string(stage), outcomes(dataplane["outcomes"][stage])});
    rows.push_back({"cache", render_cache_line(dataplane["cache"])});
    rows.push_back({"pending", count(dataplane, "pending") + " of " + count(dataplane, "pending_capacity")});
    char bits[64];
    std::snprintf(bits, sizeof bits, "%.1f bits (port %.1f, id %.1f)", dataplane["entropy"]["bits"].get<double>(),
                  dataplane["entropy"]["port_bits"].get<double>(), dataplane["entropy"]["id_bits"].get<double>());
    std::string entropy = bits;
    for (const json& pool : dataplane["entropy"]["case"]) {
      entropy += "; pool " + pool["pool"].get<std::string>() + " 1 more per letter of the name";
      for (const json& endpoint : pool["as_typed"])
        entropy += (&endpoint == &pool["as_typed"].front() ? ", not " : ", ") + endpoint["address"].get<std::string>() +
                   " (" + endpoint["reason"].get<std::string>() + ")";
    }
    rows.push_back({"entropy", entropy});
    const auto residual = dataplane["residual"].get<int64_t>();
    rows.push_back({"residual", std::to_string(residual) + (residual == 0 ? ": every frame is accounted for"
                                                                          : " (0 when there is no traffic)")});
    rows.push_back(
        {"heartbeat",
         std::to_string(status["control"].value("heartbeat_age_ms", int64_t{0})) + " ms old" +
             (dataplane["control_silent"].get<bool>() ? ", TOO OLD for the dataplane: it ignores `down`" : "")});
  }
  std::vector<std::string> limits;
  for (const json& limit : status["limits"])
    limits.push_back(limit["name"].get<std::string>() + " " + count(limit, "used") + " of " + count(limit, "limit"));
  rows.push_back({"limits", join(limits, ", ")});
  for (const json& event : status["events"]["last"]) {
    const auto left_out = event["left_out"].get<uint64_t>();
    rows.push_back({&event == &status["events"]["last"].front() ? "events" : "",
                    clock_time(event["at"].get<std::time_t>()) + " " + event["text"].get<std::string>() +
                        (left_out == 0 ? "" : " (and " + std::to_string(left_out) + " more like it)")});
  }
  if (const std::string failure = rules["last_failure"]; !failure.empty() && !rules.contains("refused_file"))
    rows.push_back({"failed", failure});
  if (const uint64_t unknown = dataplane.value("gateways_unknown", uint64_t{0}); unknown != 0)
    rows.push_back({"warning", "the kernel does not know the MAC of " + std::to_string(unknown) +
                                   (unknown == 1 ? " gateway" : " gateways") +
                                   " (ip neigh): a port with 'reverse_path: strict' refuses queries through it"});
  for (const json& need : rules["restart_needed"]) rows.push_back({"warning", need.get<std::string>()});
  return first + render_table(rows, "");
}

// What its prober says, and what has been learned of its connections.
std::string reason(const json& endpoint) {
  std::string text = endpoint["reason"];
  const auto add = [&](const char* what) { text += (text.empty() ? "" : "; ") + std::string(what); };
  if (endpoint.value("without_edns", 0) != 0) add("asked without EDNS");
  const std::string use = endpoint.value("tcp_connections", "shared");
  if (use != "shared") add(use == "once" ? "over TCP one query per connection" : "over TCP one query at a time");
  return text;
}

std::string render_endpoints(const json& answer) {
  Rows rows{{"POOL", "ADDRESS", "STATE", "FOR", "USE", "QUERIES", "TIMEOUTS", "RATE", "NEXT HOP", "REASON"}};
  for (const json& endpoint : answer["endpoints"])
    rows.push_back({endpoint["pool"], endpoint["address"], endpoint["state"],
                    endpoint.contains("for_s") ? render_age(endpoint["for_s"].get<long long>()) : "-", endpoint["role"],
                    optional_count(endpoint, "queries"), optional_count(endpoint, "timeouts"), rate(endpoint),
                    next_hop(endpoint), reason(endpoint)});
  std::string text = render_table(rows, "");
  if (!answer["connected"].get<bool>())
    text += "No dataplane is connected: next hops and counters are missing. Is penstock-dataplane running?\n";
  return text;
}

std::string render_explain(const json& explanation) {
  std::string text = explanation["name"].get<std::string>() + " " + explanation["type"].get<std::string>() + "\n";
  Rows rows;
  if (!explanation.contains("rule")) return text + render_table({{"because", because(explanation)}}, "  ");
  const json& rule = explanation["rule"];
  rows.push_back(
      {"rule", rule["origin"].get<std::string>() + place(rule) + ", generation " + count(explanation, "generation")});
  rows.push_back({"because", because(explanation)});
  for (auto& row : render_candidates(explanation)) rows.push_back(std::move(row));
  std::vector<std::string> groups;
  for (const json& group : rule["clients"]) groups.push_back(group);
  if (explanation.contains("client")) {
    const json& client = explanation["client"];
    const std::string group = client["group"];
    rows.push_back(
        {"client", client["address"].get<std::string>() + (group.empty() ? ", without group" : ", of group " + group)});
  } else if (explanation["depends_on_client"].get<bool>()) {
    rows.push_back({"client", "one without group; the rule depends on the client, see --client ADDRESS"});
  }
  if (!groups.empty()) rows.push_back({"for", join(groups, ", ")});
  if (explanation.contains("client") && !explanation["client"]["may_ask"].get<bool>()) {
    rows.push_back(
        {"it is", std::string(explanation["client"]["answered"].get<bool>() ? "answered REFUSED" : "not answered") +
                      ": client not allowed, see clients.allow and clients.deny"});
    return text + render_table(rows, "  ");
  }
  if (rule["left_out"].get<bool>()) {
    rows.push_back({"it is", "answered REFUSED: the zone is not for this client"});
    return text + render_table(rows, "  ");
  }
  rows.push_back({"it is", action(rule)});
  if (explanation.contains("answer")) {
    const json& answer = explanation["answer"];
    rows.push_back({"answer", answer["how"]});
    for (const json& record : answer["records"]) rows.push_back({"", record});
  }
  if (explanation.contains("pool"))
    rows.push_back({"pool", explanation["pool"]["name"].get<std::string>() + " (" +
                                explanation["pool"]["kind"].get<std::string>() + ")"});
  const std::string last_resort = without_endpoint(explanation);
  rows.push_back(
      {"private", rule["private"].get<bool>()
                      ? explanation.contains("pool")
                            ? "yes: never sent to another pool; if no endpoint answers, the client gets " + last_resort
                            : "yes: a CNAME from another name to it is followed here, or gets SERVFAIL"
                      : "no"});
  if (explanation.contains("cache")) rows.push_back({"cached", render_remembered(explanation["cache"])});
  for (auto& row : render_memory(explanation)) rows.push_back(std::move(row));
  std::vector<std::string> expect;
  for (const json& prefix : rule["expect"]) expect.push_back(prefix);
  if (!expect.empty()) rows.push_back({"expect", join(expect, ", ")});
  text += render_table(rows, "  ");
  if (!explanation.contains("endpoints")) return text;
  Rows endpoints;
  bool any = false;
  for (const json& endpoint : explanation["endpoints"]) {
    const bool used = endpoint["used"];
    any |= used;
    const std::string role = endpoint["role"];
    endpoints.push_back(
        {used ? "->" : "", endpoint["address"], endpoint["state"],
         used ? (role == "in turn" ? "used in turn" : "used, as no other endpoint is left") : "not used: " + role,
         rate(endpoint), next_hop(endpoint), endpoint["reason"]});
  }
  text += render_table(endpoints, "    ");
  if (!any) text += "    no endpoint is reachable: the client gets " + last_resort + "\n";
  return text + render_sent(explanation);
}

}  // namespace penstock::control
