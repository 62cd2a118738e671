#include "control/metrics/collect_parts.h"

namespace penstock::control {
namespace {

void add_reloads(MetricList& list, const ReloadRecord& reloads) {
  list.add("penstock_reloads_total", {{"result", "succeeded"}}, number(reloads.succeeded));
  list.add("penstock_reloads_total", {{"result", "failed"}}, number(reloads.failed));
  list.add("penstock_config_last_reload_successful", {}, reloads.refused_file ? 0 : 1);
  list.add("penstock_config_last_good_copy_in_use", {},
           reloads.refused_file && !reloads.refused_file->copy.empty() ? 1 : 0);
  list.add("penstock_config_last_reload_success_timestamp_seconds", {}, unix_seconds(reloads.succeeded_at));
}

}  // namespace

void add_rules(MetricList& list, const StatusView& view, std::chrono::system_clock::time_point now) {
  list.add("penstock_ruleset_generation", {{"process", "control"}}, number(view.generation));
  if (view.generation != 0) {
    list.add("penstock_ruleset_age_seconds", {{"process", "control"}}, seconds(now - view.built_at));
    list.add("penstock_ruleset_timestamp_seconds", {{"process", "control"}}, unix_seconds(view.built_at));
  }
  list.add("penstock_ruleset_zones", {{"process", "control"}}, number(view.zones));
  list.add("penstock_ruleset_rules", {}, number(view.model->rules.size()));
  add_reloads(list, view.reloads);
  list.add("penstock_config_rolled_back", {}, view.rollback ? 1 : 0);
  if (!view.page) return;
  const config::CounterPage& page = *view.page;
  list.add("penstock_ruleset_generation", {{"process", "dataplane"}}, number(page.generation.get()));
  if (const uint64_t published = page.published_at.get(); published != 0) {
    list.add("penstock_ruleset_age_seconds", {{"process", "dataplane"}}, unix_seconds(now) - number(published));
    list.add("penstock_ruleset_timestamp_seconds", {{"process", "dataplane"}}, number(published));
  }
  list.add("penstock_ruleset_zones", {{"process", "dataplane"}}, number(page.zones.get()));
  list.add("penstock_images_total", {{"result", "accepted"}}, number(page.images_accepted.get()));
  list.add("penstock_images_total", {{"result", "refused"}}, number(page.images_refused.get()));
  list.add("penstock_ruleset_swap_duration_seconds", {}, number(page.swap_ns.get()) / 1e9);
}

}  // namespace penstock::control
