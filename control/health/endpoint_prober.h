// control/health/endpoint_prober.h - one endpoint: sends its probes when they are due and keeps what they
// say.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "control/health/health_checker.h"
#include "control/health/health_judge.h"
#include "control/health/probe.h"
#include "control/health/probe_schedule.h"

namespace penstock::control {

// How an endpoint is probed; a change of it starts the schedule anew and keeps the state.
struct ProbePlan {
  ProbeQuestion question;
  std::optional<config::IpAddress> source;
  std::chrono::milliseconds interval{1000};
  std::chrono::milliseconds timeout{500};
  uint32_t rise = 2;
  uint32_t fall = 3;
  bool operator==(const ProbePlan&) const = default;
};

class EndpointProber {
 public:
  // Changed gets the new health and the state before.
  using Changed = std::function<void(const EndpointHealth&, config::Health)>;

  EndpointProber(asio::io_context& io, EndpointId id, uint16_t server_port, const ProbePlan& plan, Changed changed);
  ~EndpointProber();
  EndpointProber(const EndpointProber&) = delete;
  EndpointProber& operator=(const EndpointProber&) = delete;

  void set_plan(const ProbePlan& plan);
  const ProbePlan& plan() const { return plan_; }
  const EndpointHealth& health() const { return health_; }

 private:
  void start();
  void on_due();
  void probe_tcp();
  void take(const ProbeResult& result, bool tcp);
  ProbeTarget target() const;
  void keep(std::shared_ptr<Probe> probe);
  double random() { return std::uniform_real_distribution<double>(0, 1)(engine_); }

  asio::io_context& io_;
  uint16_t server_port_;
  ProbePlan plan_;
  Changed changed_;
  EndpointHealth health_;
  HealthJudge judge_;
  ProbeSchedule schedule_;
  std::minstd_rand engine_;
  std::chrono::steady_clock::time_point due_;
  asio::steady_timer udp_timer_;
  asio::steady_timer tcp_timer_;
  std::vector<std::weak_ptr<Probe>> running_;
};

}  // namespace penstock::control
