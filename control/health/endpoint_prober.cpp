#include "control/health/endpoint_prober.h"

#include <algorithm>

namespace penstock::control {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kSuspicion{2};  // after the last sample that gave cause to it

}  // namespace

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
  if (plan.question != plan_.question) case_ = CaseJudge();
  plan_ = plan;
  judge_.set_thresholds(plan.rise, plan.fall);
  schedule_ = ProbeSchedule(plan.interval);
  start();
}

void EndpointProber::start() {
  tcp_timer_.cancel();
  tcp_waits_ = false;
  wait_until(Clock::now() + schedule_.first(random()));
}

void EndpointProber::wait_until(Time due) {
  due_ = due;
  udp_timer_.expires_at(due_);
  udp_timer_.async_wait([this, alive = std::weak_ptr<void>(alive_)](const std::error_code& error) {
    if (!error && !alive.expired()) on_due();
  });
}

void EndpointProber::hurry() {
  // A TCP probe that waits for its turn has it: else suspicion without end would keep TCP from being tried.
  if (udp_in_flight_ > 0 || tcp_waits_) return;
  const Time soonest = std::max(Clock::now(), pace_.earliest());
  if (soonest < due_) wait_until(soonest);
}

void EndpointProber::on_due() {
  const Time now = Clock::now();
  const std::chrono::milliseconds interval = std::max(plan_.interval, ProbeSchedule::kShortestInterval);
  // Never later than an interval after the last one: that bound tells how long a dead endpoint may go unnoticed.
  if (const Time allowed = std::min(pace_.earliest(), last_udp_ + interval); allowed > now) return wait_until(allowed);
  if (is_down()) {
    wait_until(now + down_gap(interval, failures_down_, random()));
  } else {
    const ProbeSchedule::Gap gap = schedule_.next(random());
    // Counted from when it was due, so that lateness does not add up; a process that slept does not catch up in
    // a burst.
    wait_until(std::max(due_ + gap.length, now + gap.length / 2));
    if (gap.with_tcp) wait_for_tcp(now + gap.length / 2);
  }
  pace_.sent(now);
  last_udp_ = now;
  ++health_.udp.sent;
  ++udp_in_flight_;
  ProbeTarget to = target();
  to.question.mixed_case = plan_.question.mixed_case && case_.next_is_mixed();
  keep(start_udp_probe(io_, to,
                       [this, mixed = to.question.mixed_case](const ProbeResult& result) { take_udp(result, mixed); }));
}

void EndpointProber::wait_for_tcp(Time due) {
  tcp_timer_.expires_at(due);
  tcp_timer_.async_wait([this, alive = std::weak_ptr<void>(alive_)](const std::error_code& error) {
    if (!error && !alive.expired()) probe_tcp();
  });
}

void EndpointProber::probe_tcp() {
  const Time now = Clock::now();
  tcp_waits_ = pace_.earliest() > now;
  if (tcp_waits_) return wait_for_tcp(pace_.earliest());
  pace_.sent(now);
  ++health_.tcp.sent;
  keep(start_tcp_probe(io_, target(), [this](const ProbeResult& result) { take_tcp(result); }));
}

void EndpointProber::take_udp(const ProbeResult& result, bool mixed) {
  --udp_in_flight_;
  ++(result.answered ? health_.udp.answered : health_.udp.failed);
  if (result.answered) {
    health_.udp.round_trip = result.round_trip;
    round_trips_.add(result.round_trip);
  }
  const bool counts = result.answered || case_.counts(mixed);
  if (plan_.question.mixed_case) case_.add(mixed, result.answered, result.echoes_case);
  if (!counts) {
    hurry();
    return settle();
  }
  traffic_.add_probe(result.answered);
  const bool was_down = is_down();
  judge_.add_udp(result);
  failures_down_ = was_down && !result.answered ? failures_down_ + 1 : 0;
  // It rises now, or it falls: the next probe tells.
  if (is_down() ? result.answered : !result.answered && Clock::now() < suspicious_until_) hurry();
  settle();
}

void EndpointProber::take_tcp(const ProbeResult& result) {
  ++(result.answered ? health_.tcp.answered : health_.tcp.failed);
  if (result.answered) health_.tcp.round_trip = result.round_trip;
  judge_.add_tcp(result);
  settle();
}

void EndpointProber::observe(const TrafficSample& sample) {
  traffic_.add(sample);
  if (is_down() ? traffic_.answers() : traffic_.suspicious()) {
    suspicious_until_ = Clock::now() + kSuspicion;
    hurry();
  }
  settle();
}

bool EndpointProber::ask(const ProbeQuestion& question) {
  const Time now = Clock::now();
  if (tcp_waits_ || pace_.earliest() > now) return false;
  pace_.sent(now);
  ProbeTarget to = target();
  to.question = question;
  keep(start_udp_probe(io_, to, [](const ProbeResult&) {}));
  return true;
}

void EndpointProber::set_looping(const std::string& reason) {
  looping_ = reason;
  settle();
}

// From what the judges say to one state and one reason, the worst first.
void EndpointProber::settle() {
  const EndpointHealth before = health_;
  health_.state = judge_.state();
  health_.reason = judge_.reason();
  health_.errs = judge_.errs();
  health_.echoes_case = plan_.question.mixed_case ? case_.echo() : config::kCaseUnknown;
  health_.case_reason = plan_.question.mixed_case ? case_.reason() : "";
  if (!looping_.empty()) {
    health_.condition = Condition::looping;
    health_.reason = looping_ + (is_down() ? "; down: " + judge_.reason() : "");
  } else if (is_down()) {
    health_.condition = Condition::down;
  } else if (judge_.state() == config::Health::unknown) {
    health_.condition = Condition::unknown;
  } else if (traffic_.throttled()) {
    health_.condition = Condition::throttled;
    health_.reason = traffic_.reason();
  } else if (!judge_.tcp_reason().empty()) {
    health_.condition = Condition::tcp_broken;
    health_.reason = judge_.tcp_reason();
  } else if (round_trips_.slow()) {
    health_.condition = Condition::slow;
    health_.reason = round_trips_.reason();
  } else {
    health_.condition = Condition::up;
  }
  if (health_.condition == before.condition && health_.state == before.state && health_.reason == before.reason &&
      health_.errs == before.errs && health_.echoes_case == before.echoes_case &&
      health_.case_reason == before.case_reason)
    return;
  if (health_.condition != before.condition) health_.since = std::chrono::system_clock::now();
  // Last: the callee may end this very prober's life.
  const Changed changed = changed_;
  changed(EndpointHealth(health_), before);
}

ProbeTarget EndpointProber::target() const {
  ProbeTarget target;
  target.server = to_asio(health_.id.address);
  target.port = server_port_;
  if (plan_.source) target.source = to_asio(*plan_.source);
  target.question = plan_.question;
  target.question.mixed_case = false;
  target.timeout = plan_.timeout;
  return target;
}

void EndpointProber::keep(const std::shared_ptr<Probe>& probe) {
  std::erase_if(running_, [](const auto& old) { return old.expired(); });
  running_.push_back(probe);
}

}  // namespace penstock::control
