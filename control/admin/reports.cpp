// control/admin/reports.cpp - each answer of penstockctl as JSON. Long because it names every member of each; no logic beside.
#include "control/admin/reports.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "config/contract/name.h"
#include "config/source_ports.h"
#include "control/admin/cache_report.h"
#include "control/admin/explain/candidates.h"
#include "control/admin/stage_report.h"
#include "control/events/event_text.h"
#include "control/rules/local_answer.h"
#include "control/view/health_view.h"

namespace penstock::control {
namespace {

using nlohmann::json;
using std::chrono::system_clock;

int64_t seconds(system_clock::time_point at) {
  return std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch()).count();
}

int64_t age(system_clock::time_point at) {
  return std::max<int64_t>(0, seconds(system_clock::now()) - seconds(at));
}

const char* text_of(config::Health health) {
  switch (health) {
    case config::Health::up:
      return "up";
    case config::Health::down:
      return "down";
    case config::Health::unknown:
      break;
  }
  return "unknown";
}

const char* text_of(config::PortKind kind) {
  switch (kind) {
    case config::PortKind::af_xdp:
      return "af_xdp";
    case config::PortKind::af_packet:
      return "af_packet";
    case config::PortKind::pci:
      return "pci";
    case config::PortKind::vdev:
      return "vdev";
  }
  return "unknown";
}

const char* text_of(config::PoolKind kind) {
  return kind == config::PoolKind::route53_inbound ? "route53-inbound" : "recursive";
}

const char* text_of(config::Policy policy) {
  switch (policy) {
    case config::Policy::least_outstanding:
      return "least-outstanding";
    case config::Policy::round_robin:
      return "round-robin";
    case config::Policy::weighted:
      return "weighted";
    case config::Policy::ordered:
      break;
  }
  return "ordered";
}

const char* text_of(config::Action action) {
  switch (action) {
    case config::Action::forward:
      return "forward";
    case config::Action::nxdomain:
      return "nxdomain";
    case config::Action::nodata:
      return "nodata";
    case config::Action::refused:
      return "refused";
    case config::Action::records:
      return "records";
    case config::Action::addresses:
      return "addresses";
  }
  return "unknown";
}

std::string text_of(const std::array<uint8_t, 6>& mac) {
  char text[18];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
  return text;
}

bool silent(const StatusView& view) {
  return view.page && view.page->control_silent.get() != 0;
}

// What an earlier control wrote into the slot holds until this one knows better.
const char* state_of(const EndpointView& endpoint) {
  if (endpoint.health.condition == Condition::unknown && endpoint.slot) return text_of(endpoint.state.health);
  return to_string(endpoint.health.condition);
}

// What the packet path makes of the slot (dataplane/path/choose/choose_endpoint.cpp).
const char* role_of(const StatusView& view, const EndpointView& endpoint) {
  if (endpoint.state.reachable == 0) return "unreachable";
  if (endpoint.state.drained != 0) return "drained";
  if (endpoint.state.health == config::Health::down && !silent(view)) return "down";
  return "in turn";
}

json next_hop_of(const StatusView& view, const config::EndpointState& slot) {
  if (slot.reachable == 0) return nullptr;
  json hop{{"mac", text_of(slot.mac)}, {"source", config::to_string(config::IpAddress{slot.source, slot.family})}};
  hop["port"] = view.hello && slot.port < view.hello->ports ? to_text(view.hello->port[slot.port].name)
                                                            : std::to_string(slot.port);
  if (slot.vlan != 0) hop["vlan"] = slot.vlan;
  return hop;
}

json probes_of(const ProbeCounters& probes) {
  json of{{"sent", probes.sent}, {"answered", probes.answered}, {"failed", probes.failed}};
  if (probes.round_trip) of["round_trip_us"] = probes.round_trip->count();
  return of;
}

json endpoint_report(const StatusView& view, const EndpointView& endpoint) {
  const EndpointHealth& health = endpoint.health;
  json of{{"pool", health.id.pool},
          {"address", config::to_string(health.id.address)},
          {"state", state_of(endpoint)},
          {"reason", health.reason},
          {"since", seconds(health.since)},
          {"drained", endpoint.state.drained != 0},
          {"role", role_of(view, endpoint)},
          {"budget", endpoint.budget},
          {"next_hop", next_hop_of(view, endpoint.state)},
          {"probes", {{"udp", probes_of(health.udp)}, {"tcp", probes_of(health.tcp)}}}};
  if (endpoint.state.reachable == 0 && !endpoint.no_next_hop.empty()) of["no_next_hop"] = endpoint.no_next_hop;
  if (seconds(health.since) > 0) of["for_s"] = age(health.since);
  if (!endpoint.slot) return of;
  of["slot"] = endpoint.slot->value();
  if (!view.page) return of;
  using config::EndpointCounters;
  for (const auto& [name, counter] : {std::pair{"queries", &EndpointCounters::queries},
                                      {"responses", &EndpointCounters::responses},
                                      {"timeouts", &EndpointCounters::timeouts},
                                      {"servfails", &EndpointCounters::servfails},
                                      {"refused", &EndpointCounters::refused},
                                      {"over_budget", &EndpointCounters::over_budget},
                                      {"without_edns", &EndpointCounters::without_edns},
                                      {"tcp_queries", &EndpointCounters::stream_queries},
                                      {"tcp_responses", &EndpointCounters::stream_responses},
                                      {"tcp_timeouts", &EndpointCounters::stream_timeouts},
                                      {"odd_responses", &EndpointCounters::odd_responses}}) {
    uint64_t total = 0;
    for (uint32_t i = 0; i < view.page->lcores; ++i)
      total += (view.page->lcore[i].endpoints[*endpoint.slot].*counter).get();
    of[name] = total;
  }
  static constexpr std::array kUses{"shared", "in turn", "once"};
  const uint64_t use = view.page->slow.stream_use[*endpoint.slot].get();
  of["tcp_connections"] = kUses[use < kUses.size() ? use : 0];
  of["rate"] = view.page->endpoint_rate[*endpoint.slot].get();
  return of;
}

uint64_t sum(const config::CounterPage& page, uint64_t (*of)(const config::LcoreCounters&)) {
  uint64_t total = 0;
  for (uint32_t i = 0; i < page.lcores; ++i) total += of(page.lcore[i]);
  return total;
}

json dataplane_report(const StatusView& view) {
  json of{{"connected", view.hello.has_value()}, {"socket", view.dataplane_socket}};
  if (!view.hello || !view.page) return of;
  const config::CounterPage& page = *view.page;
  of["pid"] = view.hello->pid;
  of["started_at"] = page.started_at;
  of["generation"] = page.generation.get();
  of["images_accepted"] = page.images_accepted.get();
  of["slow_lane"] = slow_lane_report(page.slow);
  of["images_refused"] = page.images_refused.get();
  of["control_silent"] = page.control_silent.get() != 0;
  of["residual"] = config::accounting_residual(page);
  of["received"] = sum(page, [](const config::LcoreCounters& lcore) { return lcore.received.get(); });
  of["pending"] = sum(page, [](const config::LcoreCounters& lcore) { return lcore.pending.get(); });
  of["pending_capacity"] = uint64_t{page.pending_capacity} * page.lcores;
  of["outcomes"] = stages_report(page);
  of["cache"] = cache_numbers(view);
  of["gateways_unknown"] = page.gateways_unknown.get();
  of["ports"] = json::array();
  for (uint32_t i = 0; i < view.hello->ports; ++i) {
    const config::PortInfo& port = view.hello->port[i];
    of["ports"].push_back({{"name", to_text(port.name)},
                           {"interface", to_text(port.interface)},
                           {"kind", text_of(static_cast<config::PortKind>(port.kind))},
                           {"mac", text_of(port.mac)}});
    if (i >= page.ports_used || i >= page.ports.size()) continue;
    const config::PortCounters& lost = page.ports[i];
    of["ports"].back()["lost"] = {{"receive_missed", lost.receive_missed.get()},
                                  {"receive_errors", lost.receive_errors.get()},
                                  {"receive_no_mbuf", lost.receive_no_mbuf.get()},
                                  {"transmit_errors", lost.transmit_errors.get()}};
  }
  of["lcores"] = json::array();
  for (uint32_t i = 0; i < page.lcores; ++i) {
    const config::LcoreCounters& lcore = page.lcore[i];
    const double busy = static_cast<double>(lcore.busy_cycles.get());
    const double all = busy + static_cast<double>(lcore.idle_cycles.get());
    of["lcores"].push_back({{"received", lcore.received.get()},
                            {"pending", lcore.pending.get()},
                            {"waiting", lcore.waiting.get()},
                            {"generation", lcore.generation.get()},
                            {"busy_share", all > 0 ? busy / all : 0.0}});
  }
  return of;
}

// Bits that a forger must guess now, of the lcore where it is easiest.
json entropy_report(const StatusView& view) {
  const config::CounterPage& page = *view.page;
  uint64_t most = 0;
  for (uint32_t i = 0; i < page.lcores; ++i) most = std::max(most, page.lcore[i].pending.get());
  // The table takes three quarters of its slots.
  const double slots = std::max(1.0, page.pending_capacity * 4 / 3.0);
  const double port_bits = config::entropy_bits(view.ports_of_an_lcore, 0);
  const double bits = config::entropy_bits(view.ports_of_an_lcore, 1 - static_cast<double>(most) / slots);
  // Of names asked of pools that randomise their letters: a bit a letter, where the endpoint repeats them.
  json pools = json::array();
  for (const config::Pool& pool : view.model->pools) {
    if (!pool.randomise_case) continue;
    json as_typed = json::array();
    for (const EndpointView& endpoint : view.endpoints) {
      if (endpoint.health.id.pool != pool.name || endpoint.state.echoes_case == config::kCaseRepeated) continue;
      const std::string& reason = endpoint.health.case_reason;
      as_typed.push_back({{"address", config::to_string(endpoint.health.id.address)},
                          {"reason", reason.empty() ? "the probe name has no letters, see health.name" : reason}});
    }
    pools.push_back({{"pool", pool.name}, {"endpoints", pool.endpoints.size()}, {"as_typed", as_typed}});
  }
  return {{"bits", bits},
          {"port_bits", port_bits},
          {"id_bits", bits - port_bits},
          {"case_bits_a_letter", pools.empty() ? 0 : 1},
          {"case", pools}};
}

// Every table and its limit; `per`: the fullest one where there are several.
json limits_report(const StatusView& view) {
  json limits = json::array();
  const auto add = [&limits](const std::string& name, uint64_t used, uint64_t limit) {
    limits.push_back({{"name", name}, {"used", used}, {"limit", limit}});
  };
  if (view.page) {
    const config::CounterPage& page = *view.page;
    for (uint32_t i = 0; i < page.lcores; ++i) {
      const std::string lcore = " of lcore " + std::to_string(i);
      add("pending queries" + lcore, page.lcore[i].pending.get(), page.pending_capacity);
      add("waiting clients" + lcore, page.lcore[i].waiting.get(), page.waiting_capacity);
    }
    if (page.cache_size.get() != 0) add("octets of remembered answers", page.cache_used.get(), page.cache_size.get());
    const auto fullest = [&page](config::Counter config::LcoreCounters::*counter) {
      uint64_t most = 0;
      for (uint32_t i = 0; i < page.lcores; ++i) most = std::max(most, (page.lcore[i].*counter).get());
      return most;
    };
    const std::string most = " of the fullest lcore";
    add("deliveries" + most, fullest(&config::LcoreCounters::deliveries), page.delivery_capacity);
    add("answers kept for them" + most, fullest(&config::LcoreCounters::answers_kept), page.answer_capacity);
    add("chains under way" + most, fullest(&config::LcoreCounters::chases), page.chase_capacity);
    add("clients noted" + most, fullest(&config::LcoreCounters::shares), page.share_capacity);
    add("clients with a rate", page.rates_used.get(), page.rate_capacity);
    add("answers with a rate", page.answer_rates_used.get(), page.rate_capacity);
    add("frames in the fullest ring", page.ring_used.get(), page.ring_capacity);
    add("mbufs", page.mbufs_used.get(), page.mbuf_capacity);
    add("connections of clients", page.slow[config::SlowGauge::connections].get(), page.slow.most_connections);
    add("octets kept for them", page.slow[config::SlowGauge::buffered].get(), page.slow.most_buffered);
  }
  add("bytes of rules", view.image_bytes, config::kImageMaxSize);
  add("endpoint slots", view.slots_used, config::kMaxEndpoints);
  add("client groups", view.model->clients.groups.size(), config::kMaxClientGroups - 1);
  add("events kept", view.events.size(), EventLog::kKept);
  return limits;
}

json events_report(const StatusView& view) {
  json of{{"last", json::array()}, {"counts", json::object()}, {"missed", view.events_missed}};
  for (const WrittenEvent& event : view.events)
    of["last"].push_back({{"at", seconds(event.at)},
                          {"kind", to_string(event.kind)},
                          {"text", event.text},
                          {"left_out", event.left_out}});
  for (size_t kind = 0; kind < kEventKinds; ++kind)
    of["counts"][to_string(static_cast<config::EventKind>(kind))] = view.event_counts[kind];
  return of;
}

std::string file_of(const config::Model& model, const config::Where& where) {
  return where.line != 0 && where.file < model.files.size() ? model.files[where.file] : "";
}

// Where the winning name was written; a zone file's line where it came from one.
config::Where where_of(const config::Model& model, std::string_view zone, uint32_t rule) {
  const auto& entries = model.zones.entries;
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const config::ZoneNames::Entry& entry) {
    return entry.rule == rule && model.zones.name(entry) == zone;
  });
  return found != entries.end() && found->where.line != 0 ? found->where : model.rules[rule].where;
}

}  // namespace

namespace {

// What somebody who is woken wants to know first. Down: queries get no answers, or SERVFAIL for all that is forwarded. Degraded: something is
// not as it should be, though most or all is answered. What is drained is so on purpose.
void judge_status(const StatusView& view, json& of) {
  std::vector<std::string> down;
  std::vector<std::string> degraded;
  if (!view.hello) down.push_back("no dataplane is connected");
  if (view.generation == 0) down.push_back("no rules are loaded");
  size_t served = 0;
  size_t ailing = 0;
  for (const config::Pool& pool : view.model->pools) {
    bool has_one = false;
    for (const EndpointView& endpoint : view.endpoints) {
      if (endpoint.health.id.pool != pool.name) continue;
      const bool answers = endpoint.state.reachable != 0 && std::strcmp(state_of(endpoint), "down") != 0;
      has_one |= answers && endpoint.state.drained == 0;
      ailing +=
          !answers || (endpoint.health.condition != Condition::up && endpoint.health.condition != Condition::unknown);
    }
    served += has_one;
    if (!has_one) degraded.push_back("pool " + pool.name + " has no endpoint up");
  }
  if (served == 0 && view.hello && !view.model->pools.empty()) down.push_back("no endpoint is up in any pool");
  if (ailing != 0)
    degraded.push_back(std::to_string(ailing) + " of " + std::to_string(view.endpoints.size()) +
                       " endpoints impaired, see penstockctl endpoints");
  if (view.generation != 0 && !view.is_published())
    degraded.push_back("the dataplane does not use generation " + std::to_string(view.generation));
  if (view.hello && silent(view)) degraded.push_back("the dataplane gets no heartbeat from control");
  if (view.reloads.refused_file) degraded.push_back("the configuration on disk is refused");
  if (view.rollback) degraded.push_back("rolled back: the configuration on disk is not in force");
  if (!view.metrics_failure.empty()) degraded.push_back("metrics are not served");
  if (!view.metrics_warning.empty()) degraded.push_back("the metrics port could not take its certificate");
  if (!view.query_log.failure.empty()) degraded.push_back("the query log is not written");
  if (!view.dnstap.failure.empty()) degraded.push_back("the dnstap collector cannot be reached");
  of["state"] = !down.empty() ? "down" : !degraded.empty() ? "degraded" : "green";
  of["reasons"] = !down.empty() ? down : degraded;
}

json feed_report(const std::string& to, const char* sent, const QueryFeedView& feed) {
  return {{"to", to},
          {sent, feed.sent},
          {"lost", feed.lost},
          {"failure", feed.failure.empty() ? json(nullptr) : json(feed.failure)}};
}

}  // namespace

json status_report(const StatusView& view) {
  json health{{"drained", 0}, {"unreachable", 0}};
  for (const Condition condition : kConditions) health[to_string(condition)] = 0;
  for (const EndpointView& endpoint : view.endpoints) {
    json& count = health[state_of(endpoint)];
    count = count.get<int>() + 1;
    if (endpoint.state.drained != 0) health["drained"] = health["drained"].get<int>() + 1;
    if (endpoint.state.reachable == 0) health["unreachable"] = health["unreachable"].get<int>() + 1;
  }
  json of{{"ok", true},
          {"control",
           {{"pid", getpid()},
            {"config", view.config_file},
            {"started_at", seconds(view.started_at)},
            {"up_s", age(view.started_at)}}},
          {"rules",
           {{"generation", view.generation},
            {"published", view.is_published()},
            {"built_at", seconds(view.built_at)},
            {"age_s", age(view.built_at)},
            {"zones", view.zones},
            {"rules", view.model->rules.size()},
            {"pools", view.model->pools.size()},
            {"reloads_succeeded", view.reloads.succeeded},
            {"reloads_failed", view.reloads.failed},
            {"last_failure", view.reloads.last_failure},
            {"restart_needed", view.restart_needed}}},
          {"dataplane", dataplane_report(view)},
          {"endpoints", health}};
  if (!view.metrics_failure.empty()) of["control"]["metrics_failure"] = view.metrics_failure;
  if (!view.metrics_warning.empty()) of["control"]["metrics_warning"] = view.metrics_warning;
  if (view.model && !view.model->query_log.to.empty())
    of["query_log"] = feed_report(view.model->query_log.to, "written", view.query_log);
  if (view.model && !view.model->dnstap.to.empty())
    of["dnstap"] = feed_report(view.model->dnstap.to, "sent", view.dnstap);
  if (view.reloads.refused_file) {
    const RefusedFile& refused = *view.reloads.refused_file;
    json& report = of["rules"]["refused_file"];
    report = {{"at", seconds(refused.at)}, {"reason", refused.reasons.front()}, {"reasons", refused.reasons}};
    if (!refused.copy.empty()) report["copy"] = {{"path", refused.copy}, {"at", seconds(refused.copied_at)}};
  }
  if (view.rollback)
    of["rules"]["rolled_back"] = {
        {"at", view.rollback->at}, {"by", to_string(view.rollback->origin)}, {"restored", view.rollback->restored}};
  judge_status(view, of);
  of["limits"] = limits_report(view);
  of["events"] = events_report(view);
  if (view.page) of["dataplane"]["entropy"] = entropy_report(view);
  if (view.heartbeat_age)
    of["control"]["heartbeat_age_ms"] =
        std::chrono::duration_cast<std::chrono::milliseconds>(*view.heartbeat_age).count();
  return of;
}

const char* action_text(config::Action action) {
  return text_of(action);
}

json endpoints_report(const StatusView& view) {
  json list = json::array();
  for (const EndpointView& endpoint : view.endpoints) list.push_back(endpoint_report(view, endpoint));
  return {{"ok", true}, {"connected", view.hello.has_value()}, {"endpoints", list}};
}

namespace {

// What the rule's names are answered with here; null: they are forwarded, or there is nothing to say.
json local_report(const config::Model& model, const config::Rule& rule, std::string_view zone,
                  const config::WireName& name) {
  json records = json::array();
  if (rule.action == config::Action::addresses) {
    for (const config::IpAddress& address : rule.addresses) records.push_back(config::to_string(address));
    return {{"how", "the same for all names of the rule"}, {"records", records}};
  }
  if (rule.action != config::Action::records) return nullptr;
  for (const auto& entry : model.zones.entries) {
    if (model.zones.name(entry) != zone || &model.rules[entry.rule] != &rule) continue;
    const LocalAnswer answer = local_answer(rule, zone, entry.scope, name);
    return {{"how", answer.how}, {"records", answer.records}};
  }
  return nullptr;
}

}  // namespace

namespace {

// Of the image's groups; empty: none.
std::string group_name(const config::Model& model, size_t group) {
  return group == 0 || group > model.clients.groups.size() ? "" : model.clients.groups[group - 1].name;
}

}  // namespace

json explain_report(const StatusView& view, const config::WireName& name, const std::string& type,
                    const config::IpAddress& client, const config::Found& found) {
  const config::Model& model = *view.model;
  json of{{"ok", true}, {"name", config::to_text(name)}, {"type", type}, {"generation", found.generation}};
  if (client.family != 0)
    of["client"] = {{"address", config::to_string(client)},
                    {"group", group_name(model, found.group)},
                    {"may_ask", found.may_ask != 0},
                    {"answered", found.may_ask != 0 || !model.clients.silent}};
  of["depends_on_client"] = found.depends_on_client != 0;
  const size_t length = std::min<size_t>(found.matched_length, name.size());
  const std::string_view zone = std::string_view(name).substr(name.size() - length);
  if (client.family == 0 || found.may_ask != 0) of["candidates"] = candidates(model, name, found);
  const uint32_t number = found.rule.value();
  if (number >= model.rules.size()) {
    of["match"] = {{"how", "none"}};
    return of;
  }
  of["match"] = {{"how", length == 0 ? "default" : found.is_apex != 0 ? "name" : "suffix"}};
  if (length > 0) of["match"]["zone"] = config::to_text(zone);
  const config::Rule& rule = model.rules[number];
  const config::Where where = length == 0 ? rule.where : where_of(model, zone, number);
  json expect = json::array();
  for (const config::IpPrefix& prefix : rule.expect) expect.push_back(config::to_string(prefix));
  of["rule"] = {{"index", number},    {"origin", rule.origin},          {"file", file_of(model, where)},
                {"line", where.line}, {"action", text_of(rule.action)}, {"private", rule.is_private},
                {"expect", expect}};
  json clients = json::array();
  for (const uint32_t group : rule.clients) clients.push_back(group_name(model, group + 1));
  of["rule"]["clients"] = clients;
  of["rule"]["left_out"] = found.is_left_out != 0;
  if (found.is_left_out != 0) {
    // What the names of others lead to is no part of it.
    for (json& candidate : of["candidates"]) candidate.erase("does");
    return of;
  }
  if (json local = local_report(model, rule, zone, name); !local.is_null()) of["answer"] = std::move(local);
  if (rule.action != config::Action::forward || rule.pool >= model.pools.size()) return of;
  const config::Pool& pool = model.pools[rule.pool];
  of["pool"] = {{"name", pool.name}, {"kind", text_of(pool.kind)}, {"policy", text_of(pool.policy)}};
  of["cache"] = cache_of_name(view, rule, name);
  std::vector<const EndpointView*> members;
  for (const EndpointView& endpoint : view.endpoints)
    if (endpoint.health.id.pool == pool.name) members.push_back(&endpoint);
  // As choose_endpoint(): those in turn; when there is none, one that is down; when there is none, one that
  // is drained.
  const char* best = "unreachable";
  for (const char* role : {"drained", "down", "in turn"})
    for (const EndpointView* endpoint : members)
      if (std::strcmp(role_of(view, *endpoint), role) == 0) best = role;
  of["endpoints"] = json::array();
  for (const EndpointView* endpoint : members) {
    json entry = endpoint_report(view, *endpoint);
    // A query that comes from an endpoint of the pool does not go back there.
    const bool is_client = client.family != 0 && endpoint->health.id.address == client;
    entry["used"] = !is_client && endpoint->state.reachable != 0 && std::strcmp(role_of(view, *endpoint), best) == 0;
    of["endpoints"].push_back(std::move(entry));
  }
  return of;
}

json health_report(const StatusView& view, const std::string& pool) {
  const HealthView health = health_view(view);
  json pools = json::array();
  bool is_known = pool.empty();
  bool is_healthy = health.is_ready;
  for (const PoolHealth& one : health.pools) {
    pools.push_back({{"name", one.pool}, {"up", one.up}, {"endpoints", one.endpoints}});
    if (one.pool != pool) continue;
    is_known = true;
    is_healthy = is_healthy && one.up != 0;
  }
  if (!is_known) return {{"ok", false}, {"error", "there is no pool '" + pool + "'; see penstockctl endpoints"}};
  return {{"ok", true},     {"healthy", is_healthy},      {"ready", health.is_ready}, {"reason", health.reason},
          {"pools", pools}, {"text", health_text(health)}};
}

}  // namespace penstock::control
