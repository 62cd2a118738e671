#include "control/health/health_checker.h"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "control/health/endpoint_prober.h"

namespace penstock::control {
namespace {

const char* text_of(config::Health state) {
  switch (state) {
    case config::Health::up:
      return "up";
    case config::Health::down:
      return "down";
    case config::Health::unknown:
      break;
  }
  return "unknown";
}

// What to look at first, from what the probe saw.
const char* remedy(const std::string& reason) {
  const auto has = [&reason](const char* text) { return reason.find(text) != std::string::npos; };
  if (has("port unreachable") || has("connection refused")) return "; is the DNS server running there?";
  if (has("no answer in")) return "; look at the path: routes, firewall, security group";
  if (has("REFUSED")) return "; the server does not serve this host: its access list";
  return "";
}

std::optional<config::IpAddress> source_for(const config::Pool& pool, const config::IpAddress& address) {
  for (const auto& source : pool.source) {
    if (source.family == address.family) return source;
  }
  return std::nullopt;
}

}  // namespace

HealthChecker::HealthChecker(asio::io_context& io, Changed changed, uint16_t server_port)
    : io_(io), changed_(std::move(changed)), server_port_(server_port) {}

HealthChecker::~HealthChecker() = default;

void HealthChecker::configure(const config::Model& model) {
  const std::vector<ProbeQuestion> questions = probe_questions(model);
  decltype(probers_) kept;
  for (size_t i = 0; i < model.pools.size(); ++i) {
    const config::Pool& pool = model.pools[i];
    if (pool.health.interval < ProbeSchedule::kShortestInterval) {
      spdlog::warn(
          "pool {}: health.interval {} ms is shorter than the limit of 2 probes a second allows; {} ms is "
          "used",
          pool.name, pool.health.interval.count(), ProbeSchedule::kShortestInterval.count());
    }
    for (const config::Endpoint& endpoint : pool.endpoints) {
      const EndpointId id{pool.name, endpoint.address};
      const ProbePlan plan{questions[i],         source_for(pool, endpoint.address),
                           pool.health.interval, pool.health.timeout,
                           pool.health.rise,     pool.health.fall};
      auto& prober = kept[id];
      if (prober) continue;
      if (const auto old = probers_.find(id); old != probers_.end()) {
        prober = std::move(old->second);
        prober->set_plan(plan);
      } else {
        prober = std::make_unique<EndpointProber>(
            io_, id, server_port_, plan,
            [this](const EndpointHealth& health, config::Health before) { on_changed(health, before); });
      }
    }
  }
  probers_ = std::move(kept);
}

std::vector<EndpointHealth> HealthChecker::snapshot() const {
  std::vector<EndpointHealth> all;
  all.reserve(probers_.size());
  for (const auto& [id, prober] : probers_) all.push_back(prober->health());
  return all;
}

void HealthChecker::stop() {
  probers_.clear();
}

void HealthChecker::on_changed(const EndpointHealth& health, config::Health before) {
  const auto level = health.state == config::Health::down        ? spdlog::level::err
                     : health.reason.rfind("tcp-broken", 0) == 0 ? spdlog::level::warn
                                                                 : spdlog::level::info;
  if (health.state == before) {
    spdlog::log(level, "pool {}: endpoint {} stays {}: {}{}", health.id.pool, config::to_string(health.id.address),
                text_of(before), health.reason, remedy(health.reason));
  } else {
    spdlog::log(level, "pool {}: endpoint {} {} -> {}: {}{}", health.id.pool, config::to_string(health.id.address),
                text_of(before), text_of(health.state), health.reason, remedy(health.reason));
    log_pool(health, before);
  }
  // Last: the callee may configure() anew, which may end this very prober's life.
  const Changed changed = changed_;
  changed(EndpointHealth(health));
}

void HealthChecker::log_pool(const EndpointHealth& health, config::Health before) {
  if (health.state != config::Health::down && before != config::Health::down) return;
  size_t all = 0;
  size_t others_down = 0;
  std::string list;
  for (auto at = probers_.lower_bound({health.id.pool, {}}); at != probers_.end() && at->first.pool == health.id.pool;
       ++at) {
    ++all;
    const EndpointHealth& one = at->second->health();
    if (at->first != health.id && one.state == config::Health::down) ++others_down;
    list += (list.empty() ? "" : "; ") + config::to_string(at->first.address) + " " + one.reason;
  }
  if (all < 2 || others_down != all - 1) return;
  if (health.state == config::Health::down) {
    spdlog::error("pool {}: all {} endpoints down: {}", health.id.pool, all, list);
  } else {
    spdlog::info("pool {}: in service again by {}", health.id.pool, config::to_string(health.id.address));
  }
}

}  // namespace penstock::control
