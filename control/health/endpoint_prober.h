// control/health/endpoint_prober.h - one endpoint: sends its probes when they are due and keeps what they
// say.
//
// The schedule (probe_schedule.h) runs while it is up; suspicion and a failed probe under suspicion bring the next probe forward
// as far as the pace (probe_pace.h) allows; while it is down the gaps grow.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include "control/health/health_checker.h"
#include "control/health/judge/case_judge.h"
#include "control/health/judge/health_judge.h"
#include "control/health/judge/round_trip_judge.h"
#include "control/health/judge/traffic_judge.h"
#include "control/health/probe/probe.h"
#include "control/health/probe/probe_pace.h"
#include "control/health/probe/probe_schedule.h"

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
  // Changed gets the new health and the one before.
  using Changed = std::function<void(const EndpointHealth&, const EndpointHealth& before)>;

  EndpointProber(asio::io_context& io, EndpointId id, uint16_t server_port, const ProbePlan& plan, Changed changed);
  ~EndpointProber();
  EndpointProber(const EndpointProber&) = delete;
  EndpointProber& operator=(const EndpointProber&) = delete;

  void set_plan(const ProbePlan& plan);
  const ProbePlan& plan() const { return plan_; }
  const EndpointHealth& health() const { return health_; }

  void observe(const TrafficSample&);
  // Empty: it does not loop.
  void set_looping(const std::string& reason);
  // One more query, whose answer says nothing of health. False: not now, the pace does not allow it.
  bool ask(const ProbeQuestion&);
  // The next UDP probe goes out as soon as it may.
  void hurry();

 private:
  using Time = std::chrono::steady_clock::time_point;

  void start();
  void wait_until(Time due);
  void on_due();
  void wait_for_tcp(Time due);
  void probe_tcp();
  void take_udp(const ProbeResult& result, bool mixed);
  void take_tcp(const ProbeResult& result);
  void settle();
  ProbeTarget target() const;
  void keep(const std::shared_ptr<Probe>& probe);
  bool is_down() const { return judge_.state() == config::Health::down; }
  double random() { return std::uniform_real_distribution<double>(0, 1)(engine_); }

  asio::io_context& io_;
  uint16_t server_port_;
  ProbePlan plan_;
  Changed changed_;
  EndpointHealth health_;
  HealthJudge judge_;
  RoundTripJudge round_trips_;
  TrafficJudge traffic_;
  std::string looping_;
  CaseJudge case_;
  ProbeSchedule schedule_;
  ProbePace pace_;
  std::minstd_rand engine_;
  Time due_;
  Time last_udp_;
  Time suspicious_until_;
  uint32_t udp_in_flight_ = 0;
  uint32_t failures_down_ = 0;
  bool tcp_waits_ = false;
  asio::steady_timer udp_timer_;
  asio::steady_timer tcp_timer_;
  std::vector<std::weak_ptr<Probe>> running_;
  std::shared_ptr<void> alive_ = std::make_shared<char>();  // goes with this: a timer's call may be on its way already
};

}  // namespace penstock::control
