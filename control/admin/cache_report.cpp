#include "control/admin/cache_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "control/admin/stage_report.h"
#include "control/view/memory_share.h"

namespace penstock::control {
namespace {

using nlohmann::json;

// As dataplane/path/memory/remember.cpp: names of an Active Directory's services, where others than AWS answer.
constexpr uint32_t kServiceTtl = 60;  // s
constexpr uint32_t kServiceNegativeTtl = 5;

bool is_service(std::string_view name) {
  for (size_t at = 0; at < name.size() && name[at] != 0; at += 1 + static_cast<uint8_t>(name[at])) {
    const std::string_view label = name.substr(at + 1, static_cast<uint8_t>(name[at]));
    if (label == "_msdcs" || label == "_sites" || label == "_tcp" || label == "_udp") return true;
  }
  return false;
}

json share_report(const MemoryShare& share) {
  json of{{"queries", share.queries}, {"from_memory", share.from_memory}};
  of["ratio"] = share.ratio() ? json(*share.ratio()) : json(nullptr);
  return of;
}

json policy_report(const config::CachePolicy& cache) {
  return {{"stale", cache.stale},         {"prefetch", cache.prefetch}, {"rotate", cache.rotate},
          {"max_ttl", cache.max_ttl},     {"min_ttl", cache.min_ttl},   {"max_negative_ttl", cache.max_negative_ttl},
          {"max_stale", cache.max_stale}, {"size", cache.size}};
}

// Of the dataplane that runs, not of a file that waits for its restart.
uint64_t size_of(const StatusView& view) {
  return view.page ? view.page->cache_size.get() : view.model->dataplane.cache_size;
}

}  // namespace

json cache_numbers(const StatusView& view) {
  if (!view.page) return nullptr;
  const config::CounterPage& page = *view.page;
  return {{"entries", page.cache_entries.get()},  {"used", page.cache_used.get()},
          {"size", page.cache_size.get()},        {"evicted", page.cache_evicted.get()},
          {"flushed", page.cache_flushed.get()},  {"hits", share_report(memory_share(page))},
          {"hits_10s", share_report(view.recent)}};
}

json cache_report(const StatusView& view) {
  json of{{"ok", true}, {"connected", view.page != nullptr}};
  if (view.page) {
    of["cache"] = cache_numbers(view);
    const auto sum = [&](auto of_lcore) {
      uint64_t total = 0;
      for (uint32_t i = 0; i < view.page->lcores; ++i) total += of_lcore(view.page->lcore[i]);
      return total;
    };
    for (const Stage& stage : kStages)
      if (const std::string_view name = stage.name; name == "remember" || name == "refresh")
        of[stage.name] = stage_report(*view.page, stage);
    using config::QueryOutcome;
    for (const auto& [name, outcome] : {std::pair{"fresh", QueryOutcome::answered_cached},
                                        {"stale", QueryOutcome::answered_stale},
                                        {"failure", QueryOutcome::answered_failure},
                                        {"refused_snoop", QueryOutcome::refused_snoop}})
      of["answered"][name] = sum([at = outcome](const config::LcoreCounters& lcore) { return lcore.query[at].get(); });
  }
  of["pools"] = json::array();
  for (const config::Pool& pool : view.model->pools) {
    json one = policy_report(pool.cache);
    one["name"] = pool.name;
    one["enabled"] = pool.cache.enabled && size_of(view) != 0;
    of["pools"].push_back(std::move(one));
  }
  of["zones_off"] = json::array();
  const config::Model& model = *view.model;
  for (const config::Rule& rule : model.rules)
    if (rule.action == config::Action::forward && !rule.cache) of["zones_off"].push_back(rule.origin);
  return of;
}

json cache_of_name(const StatusView& view, const config::Rule& rule, std::string_view name) {
  const config::Pool& pool = view.model->pools[rule.pool];
  const auto nothing = [](const char* why) { return json{{"remembered", false}, {"why_not", why}}; };
  if (size_of(view) == 0) return nothing("dataplane.cache_size is 0");
  if (!pool.cache.enabled) return nothing("the pool says cache: off");
  if (!rule.cache) return nothing("the rule says cache: off");
  config::CachePolicy cache = pool.cache;
  if (pool.kind == config::PoolKind::recursive && is_service(name)) {
    cache.max_ttl = std::min(cache.max_ttl, kServiceTtl);
    cache.min_ttl = std::min(cache.min_ttl, cache.max_ttl);
    cache.max_negative_ttl = std::min(cache.max_negative_ttl, kServiceNegativeTtl);
  }
  json of = policy_report(cache);
  of["remembered"] = true;
  return of;
}

}  // namespace penstock::control
