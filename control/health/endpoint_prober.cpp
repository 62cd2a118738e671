#include "control/health/endpoint_prober.h"

#include <algorithm>

namespace penstock::control {

EndpointProber::EndpointProber(asio::io_context& io, EndpointId id, uint16_t server_port, const ProbePlan& plan,
                               Changed changed)
    : io_(io),
      server_port_(server_port),
      plan_(plan),
      changed_(std::move(changed)),
      judge_(plan.rise, plan.fall),
      schedule_(plan.interval),
      engine_(std::random_device{}()),
      udp_timer_(io),
      tcp_timer_(io) {
  health_.id = std::move(id);
  health_.reason = judge_.reason();
  health_.since = std::chrono::system_clock::now();
  start();
}

EndpointProber::~EndpointProber() {
  for (const auto& probe : running_) {
    if (const auto alive = probe.lock()) alive->cancel();
  }
}

void EndpointProber::set_plan(const ProbePlan& plan) {
  if (plan == plan_) return;
  plan_ = plan;
  judge_.set_thresholds(plan.rise, plan.fall);
  schedule_ = ProbeSchedule(plan.interval);
  start();
}

void EndpointProber::start() {
  tcp_timer_.cancel();
  due_ = std::chrono::steady_clock::now() + schedule_.first(random());
  udp_timer_.expires_at(due_);
  udp_timer_.async_wait([this](const std::error_code& error) {
    if (!error) on_due();
  });
}

void EndpointProber::on_due() {
  const ProbeSchedule::Gap gap = schedule_.next(random());
  const auto now = std::chrono::steady_clock::now();
  // Counted from when it was due, so that lateness does not add up; a process that slept does not catch up in
  // a burst.
  due_ = std::max(due_ + gap.length, now + gap.length / 2);
  udp_timer_.expires_at(due_);
  udp_timer_.async_wait([this](const std::error_code& error) {
    if (!error) on_due();
  });
  if (gap.with_tcp) {
    tcp_timer_.expires_after(gap.length / 2);
    tcp_timer_.async_wait([this](const std::error_code& error) {
      if (!error) probe_tcp();
    });
  }
  ++health_.udp.sent;
  keep(start_udp_probe(io_, target(), [this](const ProbeResult& result) { take(result, false); }));
}

void EndpointProber::probe_tcp() {
  ++health_.tcp.sent;
  keep(start_tcp_probe(io_, target(), [this](const ProbeResult& result) { take(result, true); }));
}

void EndpointProber::take(const ProbeResult& result, bool tcp) {
  ProbeCounters& counters = tcp ? health_.tcp : health_.udp;
  ++(result.answered ? counters.answered : counters.failed);
  if (result.answered) counters.round_trip = result.round_trip;
  const config::Health before = health_.state;
  if (!(tcp ? judge_.add_tcp(result) : judge_.add_udp(result))) return;
  health_.state = judge_.state();
  health_.reason = judge_.reason();
  if (health_.state != before) health_.since = std::chrono::system_clock::now();
  changed_(health_, before);
}

ProbeTarget EndpointProber::target() const {
  ProbeTarget target;
  target.server = to_asio(health_.id.address);
  target.port = server_port_;
  if (plan_.source) target.source = to_asio(*plan_.source);
  target.question = plan_.question;
  target.timeout = plan_.timeout;
  return target;
}

void EndpointProber::keep(std::shared_ptr<Probe> probe) {
  std::erase_if(running_, [](const auto& old) { return old.expired(); });
  running_.push_back(probe);
}

}  // namespace penstock::control
