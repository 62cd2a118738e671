#include "control/health/health_checker.h"

#include <spdlog/spdlog.h>

#include "control/health/endpoint_prober.h"
#include "control/health/pool_turns.h"

namespace penstock::control {
namespace {

// What to look at first, from what the probe saw.
const char* remedy(const std::string& reason) {
  const auto has = [&reason](const char* text) { return reason.find(text) != std::string::npos; };
  if (has("port unreachable") || has("connection refused")) return "; is the DNS server running there?";
  if (has("no answer in")) return "; check the path: routes, firewall, security group";
  if (has("REFUSED")) return "; the server refuses this host: check its access list";
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
    : io_(io),
      changed_(std::move(changed)),
      server_port_(server_port),
      turns_(std::make_unique<PoolTurns>()),
      turns_timer_(io) {}

HealthChecker::~HealthChecker() = default;

void HealthChecker::configure(const config::Model& model) {
  const std::vector<ProbeQuestion> questions = probe_questions(model);
  decltype(members_) kept;
  for (size_t i = 0; i < model.pools.size(); ++i) {
    const config::Pool& pool = model.pools[i];
    if (pool.health.interval < ProbeSchedule::kShortestInterval) {
      spdlog::warn("pool {}: health.interval {} ms exceeds the limit of 2 probes per second; {} ms is used", pool.name,
                   pool.health.interval.count(), ProbeSchedule::kShortestInterval.count());
    }
    for (const config::Endpoint& endpoint : pool.endpoints) {
      const EndpointId id{pool.name, endpoint.address};
      const ProbePlan plan{questions[i],         source_for(pool, endpoint.address),
                           pool.health.interval, pool.health.timeout,
                           pool.health.rise,     pool.health.fall};
      Member& member = kept[id];
      if (member.prober) continue;
      if (const auto old = members_.find(id); old != members_.end()) {
        member = std::move(old->second);
        member.prober->set_plan(plan);
      } else {
        member.prober = std::make_unique<EndpointProber>(
            io_, id, server_port_, plan,
            [this](const EndpointHealth& health, const EndpointHealth& before) { on_changed(health, before); });
      }
      member.round = pool.health.interval + pool.health.timeout;
    }
  }
  members_ = std::move(kept);
}

std::vector<EndpointHealth> HealthChecker::snapshot() const {
  std::vector<EndpointHealth> all;
  all.reserve(members_.size());
  for (const auto& [id, member] : members_) all.push_back(member.prober->health());
  return all;
}

void HealthChecker::observe(const EndpointId& id, const TrafficSample& sample) {
  if (const auto at = members_.find(id); at != members_.end()) at->second.prober->observe(sample);
}

Asked HealthChecker::ask(const EndpointId& id, const ProbeQuestion& question) {
  const auto at = members_.find(id);
  if (at == members_.end()) return Asked::never;
  return at->second.prober->ask(question) ? Asked::yes : Asked::later;
}

void HealthChecker::set_looping(const EndpointId& id, const std::string& reason) {
  if (const auto at = members_.find(id); at != members_.end()) at->second.prober->set_looping(reason);
}

void HealthChecker::stop() {
  members_.clear();
  turns_timer_.cancel();
}

void HealthChecker::on_changed(const EndpointHealth& health, const EndpointHealth& before) {
  using config::Health;
  const bool stays = health.condition == before.condition;
  std::string line = "pool " + health.id.pool + ": endpoint " + config::to_string(health.id.address) + " " +
                     (stays ? std::string("stays ") : to_string(before.condition) + std::string(" -> ")) +
                     to_string(health.condition) + ": " + health.reason + remedy(health.reason);
  if (health.echoes_case != before.echoes_case || health.case_reason != before.case_reason) {
    if (health.echoes_case == config::kCaseRepeated)
      spdlog::info("pool {}: endpoint {} preserves the case of names: the case of its queries is randomised",
                   health.id.pool, config::to_string(health.id.address));
    else if (health.echoes_case == config::kCaseChanged)
      spdlog::warn("pool {}: endpoint {} {}: the case of its queries is not randomised", health.id.pool,
                   config::to_string(health.id.address), health.case_reason);
  }
  if (stays && health.state == before.state && health.reason == before.reason) {
    // Its letters were all.
  } else if ((health.state == Health::down) != (before.state == Health::down)) {
    turn(health, std::move(line));
  } else {
    spdlog::log(health.condition == Condition::up ? spdlog::level::info
                : health.state == Health::down    ? spdlog::level::err
                                                  : spdlog::level::warn,
                "{}", line);
  }
  // Last: the callee may configure() anew, which may end this very prober's life.
  const Changed changed = changed_;
  changed(EndpointHealth(health));
}

std::vector<HealthChecker::Member*> HealthChecker::members_of(const std::string& pool) {
  std::vector<Member*> members;
  for (auto at = members_.lower_bound({pool, {}}); at != members_.end() && at->first.pool == pool; ++at)
    members.push_back(&at->second);
  return members;
}

// It went down, or came back.
void HealthChecker::turn(const EndpointHealth& health, std::string line) {
  const std::vector<Member*> members = members_of(health.id.pool);
  Member& member = members_.at(health.id);
  if (health.state == config::Health::down) {
    member.down_since = health.since;
  } else {
    // What was wrong with it may have been wrong with its siblings; they are asked seldom now.
    for (Member* other : members)
      if (other->prober->health().state == config::Health::down) other->prober->hurry();
  }
  for (const PoolTurns::Line& told : turns_->add({health, std::move(line), remedy(health.reason), member.down_since},
                                                 members.size(), member.round, std::chrono::steady_clock::now()))
    spdlog::log(told.is_bad ? spdlog::level::err : spdlog::level::info, "{}", told.text);
  tell_turns();
}

void HealthChecker::tell_turns() {
  for (const PoolTurns::Line& told : turns_->flush(std::chrono::steady_clock::now()))
    spdlog::log(told.is_bad ? spdlog::level::err : spdlog::level::info, "{}", told.text);
  const auto next = turns_->next();
  if (next == PoolTurns::Time::max()) return;
  turns_timer_.expires_at(next);
  turns_timer_.async_wait([this](const std::error_code& error) {
    if (!error) tell_turns();
  });
}

}  // namespace penstock::control
