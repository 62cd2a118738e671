#include "control/view/build_view.h"

#include <algorithm>
#include <map>
#include <utility>

#include "config/source_ports.h"
#include "control/link/heartbeat.h"

namespace penstock::control {
namespace {

uint32_t budget_of(const config::Model& model, const EndpointId& id) {
  for (const config::Pool& pool : model.pools) {
    if (pool.name != id.pool) continue;
    for (const config::Endpoint& endpoint : pool.endpoints)
      if (endpoint.address == id.address) return endpoint.budget;
  }
  return 0;
}

// As the dataplane chose them on this host.
uint32_t ports_of_an_lcore(const config::Model& model, uint32_t lcores) {
  return config::choose_source_ports(model.dataplane).count / std::max(1U, lcores);
}

void add_rules(StatusView& view, const RuleLifecycle& lifecycle) {
  view.config_file = lifecycle.config_file();
  view.model = lifecycle.model();
  view.acknowledged = lifecycle.acknowledged();
  view.reloads = lifecycle.reloads();
  if (const Generation* rollback = lifecycle.history().rollback()) view.rollback = *rollback;
  view.restart_needed = lifecycle.needed_restarts();
  const RuleSet* rules = lifecycle.rules();
  if (rules == nullptr) return;
  view.generation = rules->generation;
  view.built_at = rules->built_at;
  view.zones = rules->zones;
  view.image_bytes = rules->size;
}

void add_dataplane(StatusView& view, const ViewSources& from) {
  view.dataplane_socket = from.link.socket_path();
  if (!from.session) return;
  view.hello = from.session->hello;
  view.ports_of_an_lcore = ports_of_an_lcore(from.lifecycle.boot().dataplane(), from.session->hello.lcores);
  view.page = from.session->counters;
  view.recent = from.recent.get();
  view.hung_lcores = from.hung_lcores;
  view.heartbeat_age = heartbeat_age(*from.session->endpoints);
}

void add_endpoints(StatusView& view, const ViewSources& from) {
  std::map<EndpointId, EndpointHealth> health;
  for (EndpointHealth& one : from.health.snapshot()) health.emplace(one.id, std::move(one));
  for (const EndpointId& id : endpoints_of(*view.model)) {
    EndpointView endpoint;
    endpoint.health = health[id];
    endpoint.health.id = id;
    endpoint.slot = from.slots.slot_of(id);
    endpoint.no_next_hop = from.next_hops.reason(id);
    endpoint.budget = budget_of(*view.model, id);
    if (endpoint.slot) endpoint.state = from.slots.state(*endpoint.slot);
    view.endpoints.push_back(std::move(endpoint));
  }
  view.slots_used = from.slots.used();
}

}  // namespace

StatusView build_view(const ViewSources& from) {
  StatusView view;
  view.started_at = from.started_at;
  add_rules(view, from.lifecycle);
  add_dataplane(view, from);
  add_endpoints(view, from);
  view.events = from.event_log.last();
  view.event_counts = from.event_log.counts();
  view.events_missed = from.event_reader.missed();
  view.metrics_failure = from.metrics_failure;
  view.metrics_warning = from.metrics_warning;
  view.rule_answers = from.answer_counts.answers();
  view.rule_answers_missed = from.answer_counts.missed();
  view.use = config::process_use();
  view.query_log = {from.query_log.written(), from.query_log.lost(), from.query_log.failure()};
  view.dnstap = {from.dnstap.sent(), from.dnstap.lost(), from.dnstap.failure()};
  return view;
}

}  // namespace penstock::control
