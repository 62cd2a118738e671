#include "control/control.h"

#include <spdlog/spdlog.h>

#include <csignal>
#include <map>
#include <utility>
#include <vector>

#include "config/log/log.h"
#include "control/access/audit.h"
#include "control/events/event_text.h"
#include "control/link/heartbeat.h"
#include "control/service_manager.h"
#include "control/view/build_view.h"
#include "control/view/readiness.h"
#include "control/view/view_names.h"

namespace penstock::control {
namespace {

constexpr std::chrono::milliseconds kHeartbeat{200};
constexpr unsigned kBeatsPerView = 5;
constexpr unsigned kBeatsPerAttempt = 25;  // to serve metrics
constexpr unsigned kBeatsPerLook = 2;      // at what clients' queries met

std::vector<PortInterface> port_interfaces(const config::Hello& hello) {
  std::vector<PortInterface> ports;
  for (uint32_t i = 0; i < hello.ports; ++i)
    if (std::string interface = to_text(hello.port[i].interface); !interface.empty())
      ports.push_back({static_cast<uint8_t>(i), std::move(interface)});
  return ports;
}

void add_targets(std::map<EndpointId, NextHopTarget>& targets, const config::Model& model) {
  for (const config::Pool& pool : model.pools) {
    for (const config::Endpoint& endpoint : pool.endpoints) {
      NextHopTarget target{{pool.name, endpoint.address}, std::nullopt};
      for (const config::IpAddress& source : pool.source)
        if (source.family == endpoint.address.family) target.source = source;
      targets[target.id] = target;
    }
  }
}

}  // namespace

Control::Control(asio::io_context& io, RuleStart start, NeighbourHand* hand)
    : io_(io),
      lifecycle_(io, std::move(start), slots_, steps()),
      event_reader_(static_cast<uint64_t>(std::chrono::system_clock::to_time_t(started_at_))),
      link_(io, lifecycle_.model()->dataplane.socket, link_events()),
      health_(io,
              [this](const EndpointHealth& health) {
                slots_.set_health(health.id, health.state, health.echoes_case, health.errs);
              }),
      loops_([this](const EndpointId& id, const ProbeQuestion& question) { return health_.ask(id, question); },
             [this](const EndpointId& id, const std::string& reason) { health_.set_looping(id, reason); }),
      next_hops_(
          io,
          [this](const EndpointId& id, const std::optional<NextHop>& hop) {
            slots_.set_next_hop(id, hop);
            consider_ready();
          },
          NextHopOptions{.hand = hand}),
      heartbeat_(io),
      reload_signal_(io, SIGHUP),
      watch_(io, [this] { lifecycle_.reload_unasked(Origin::How::watch); }),
      admin_(io, lifecycle_.model()->control.socket, *this) {
  serve_metrics();
}

Control::~Control() {
  stop();
}

RuleLifecycle::Steps Control::steps() {
  return {.prepare = [this](const config::Model& model) { follow_endpoints(model); },
          .publish =
              [this](const RuleSet& rules) {
                answer_counts_.foresee(*rules.model, rules.generation);
                return link_.publish(rules.image.fd(), rules.generation, rules.size);
              },
          .in_force = [this] { on_in_force(); },
          .reload_ended = [this] { on_reload_ended(); },
          .failed = [this] { publish_view(); },
          .unasked_ended =
              [](const Origin& origin, uint64_t before, const ReloadResult& result) {
                write_audit({.command = to_string(origin),
                             .result = result.ok ? AuditEvent::Result::done : AuditEvent::Result::failed,
                             .why = result.ok ? "" : result.text,
                             .generation_before = before,
                             .generation_after = result.generation});
              }};
}

DataplaneLink::Events Control::link_events() {
  return {
      .connected = [this](const DataplaneSession& session) { on_connected(session); },
      .disconnected = [this] { on_disconnected(); },
      .published = [this](const config::Published& published) { lifecycle_.on_published(published); },
      .refused = [this](uint64_t generation, const std::string& reason) { lifecycle_.on_refused(generation, reason); }};
}

void Control::start() {
  lifecycle_.start();
  admin_.use(lifecycle_.model()->control);
  admin_.start();
  link_.start();
  await_signal();
  if (lifecycle_.model()->control.watch) watch_.watch(lifecycle_.model()->files);
  beat();
}

void Control::stop() {
  metrics_.reset();  // its thread reads shared_view_
  admin_.stop();
  for (const auto& exchange : exchanges_)
    if (const auto open = exchange.lock()) open->cancel();
  link_.stop();
  health_.stop();
  next_hops_.stop();
  watch_.stop();
  heartbeat_.cancel();
  std::error_code ignored;
  reload_signal_.cancel(ignored);
  lifecycle_.finish_keeping();
}

// Without metrics the rest is still of use: a wrong address must not take the probes and penstockctl away.
void Control::serve_metrics() {
  const auto& listen = lifecycle_.boot().own().metrics_listen;
  if (!listen) return;
  if (metrics_) return metrics_warning_.empty() ? void() : renew_metrics_access();
  try {
    const config::MetricsAccess& settings = lifecycle_.model()->metrics_access;
    auto access = MetricsAccess::open(settings);
    if (!access) throw std::runtime_error(access.error());
    metrics_ = std::make_unique<MetricsServer>(*listen, std::move(*access), [this] { return shared_view_.get(); });
    metrics_failure_.clear();
    spdlog::info("metrics: {}://{}/metrics", settings.tls ? "https" : "http", *listen);
  } catch (const std::exception& error) {
    if (metrics_failure_ != error.what()) spdlog::error("{}; trying again every 5 s", error.what());
    metrics_failure_ = error.what();
  }
}

// At each reload, and every 5 s while it fails: a certificate may be renewed without another word of the configuration.
void Control::renew_metrics_access() {
  const config::Model& in_force = *lifecycle_.model();
  // What belongs to another address must not open this one: that waits for the restart.
  if (!metrics_ || in_force.metrics_listen != lifecycle_.boot().own().metrics_listen) return;
  auto access = MetricsAccess::open(in_force.metrics_access);
  if (access) {
    metrics_->use(std::move(*access));
    metrics_warning_.clear();
    return;
  }
  const std::string warning = "the former certificate and users stay in use: " + access.error();
  if (metrics_warning_ != warning) spdlog::error("metrics: {}; trying again every 5 s", warning);
  metrics_warning_ = warning;
}

void Control::await_signal() {
  reload_signal_.async_wait([this](std::error_code error, int) {
    if (error) return;
    lifecycle_.reload_unasked(Origin::How::signal);
    await_signal();
  });
}

// ---- rules and dataplane

void Control::on_in_force() {
  const QueryNames names = query_names(view());
  query_log_.use(names);
  dnstap_.use(names);
  answer_counts_.use(*lifecycle_.model(), lifecycle_.rules()->generation);
  renew_metrics_access();
  admin_.use(lifecycle_.model()->control);
  config::use_log(lifecycle_.model()->log);
  if (watch_.watching()) watch_.watch(lifecycle_.model()->files);
  look_for_loops();
  consider_ready();
  publish_view();
}

void Control::on_reload_ended() {
  if (ready_) notify_ready(status_line(view()));
  publish_view();
}

void Control::on_connected(const DataplaneSession& session) {
  const config::Hello& hello = session.hello;
  spdlog::info("dataplane: connected to pid {}: {} lcores, {} ports, generation {}", hello.pid, hello.lcores,
               hello.ports, hello.generation);
  session_ = session;
  slots_.attach(session.endpoints);
  event_reader_.attach(session.counters);
  query_log_.attach(session.counters);
  dnstap_.attach(session.counters);
  answer_counts_.attach(session.counters);
  slots_.beat(monotonic_ns());
  lifecycle_.on_connected(session);
  look_for_loops();
  consider_ready();
  publish_view();
}

void Control::on_disconnected() {
  read_events();
  session_.reset();
  slots_.detach();
  event_reader_.detach();
  query_log_.attach(nullptr);
  dnstap_.attach(nullptr);
  answer_counts_.attach(nullptr);
  recent_share_.forget();
  loops_.stop();
  lifecycle_.on_disconnected();
  publish_view();
}

// Health and next hops of the endpoints in force and of those about to be: a new pool is warm when its rules
// arrive.
void Control::follow_endpoints(const config::Model& also) {
  std::map<EndpointId, NextHopTarget> targets;
  add_targets(targets, *lifecycle_.model());
  add_targets(targets, also);
  std::vector<NextHopTarget> list;
  for (auto& [id, target] : targets) list.push_back(std::move(target));
  if (session_) next_hops_.configure(std::move(list), port_interfaces(session_->hello));
  health_.configure(also);
}

// ---- what penstockctl asks

void Control::reload(const ReloadRequest& request, std::function<void(const ReloadResult&)> done) {
  lifecycle_.reload(request, std::move(done));
}

void Control::look_at_file(bool accept_removals, bool undo_rollback, std::function<void(const Preview&)> done) {
  lifecycle_.look_at_file(accept_removals, undo_rollback, std::move(done));
}

void Control::source_of(uint64_t generation, std::function<void(const tl::expected<RuleSource, std::string>&)> done) {
  lifecycle_.source_of(generation, std::move(done));
}

void Control::roll_back(uint64_t generation, const ReloadRequest& request,
                        std::function<void(const ReloadResult&)> done) {
  lifecycle_.roll_back(generation, request, std::move(done));
}

void Control::lookup(const config::WireName& name, const config::IpAddress& client,
                     std::function<void(tl::expected<config::Found, std::string>)> done) {
  link_.lookup(name, client, std::move(done));
}

void Control::flush(config::FlushScope scope, const config::WireName& name,
                    std::function<void(tl::expected<config::Flushed, std::string>)> done) {
  std::string what = "all";
  if (scope != config::FlushScope::all)
    what = config::to_text(name) + (scope == config::FlushScope::zone ? " and below" : "");
  link_.flush(scope, name, [what, done = std::move(done)](const tl::expected<config::Flushed, std::string>& flushed) {
    if (flushed) spdlog::info("cache: {} answers removed by penstockctl: {}", flushed->entries, what);
    done(flushed);
  });
}

void Control::browse(const config::Browse& request, std::function<void(tl::expected<BrowsedPages, std::string>)> done) {
  link_.browse(request, std::move(done));
}

void Control::compose(const config::Compose& request,
                      std::function<void(tl::expected<config::Composed, std::string>)> done) {
  link_.compose(request, std::move(done));
}

void Control::judge(const config::Judge& request, const std::vector<uint8_t>& answer,
                    std::function<void(tl::expected<config::Judged, std::string>)> done) {
  link_.judge(request, answer, std::move(done));
}

void Control::exchange(const ProbeTarget& target, bool tcp, Probe::Done done) {
  std::erase_if(exchanges_, [](const auto& exchange) { return exchange.expired(); });
  exchanges_.push_back((tcp ? start_tcp_probe : start_udp_probe)(io_, target, std::move(done)));
}

void Control::capture(const config::CaptureRequest& request,
                      std::function<void(tl::expected<config::SharedDescriptor, std::string>)> done) {
  const std::string words(request.words.data());
  link_.capture(request,
                [words, done = std::move(done)](const tl::expected<config::SharedDescriptor, std::string>& stream) {
                  if (stream) spdlog::info("capture: packets are captured by penstockctl: {}", words);
                  done(stream);
                });
}

size_t Control::drain(const config::IpAddress& address, bool drained) {
  const size_t found = slots_.set_drained(address, drained);
  if (found > 0) spdlog::info("endpoint {}: {}", config::to_string(address), drained ? "drained" : "no longer drained");
  publish_view();
  return found;
}

// ---- five times a second

void Control::beat() {
  const auto now = std::chrono::steady_clock::now();
  slots_.beat(monotonic_ns());
  notify_watchdog();
  read_events();
  watch_turns();
  if (beats_ % kBeatsPerLook == 0) observe_traffic();
  loops_.tick(now);
  consider_ready();
  if (beats_ % kBeatsPerAttempt == 0) serve_metrics();
  if (++beats_ % kBeatsPerView == 0) {
    if (session_) recent_share_.add(memory_share(*session_->counters), now);
    publish_view();
  }
  if (const auto late = link_.connected() ? lifecycle_.overdue(now) : std::nullopt)
    link_.reconnect("generation " + std::to_string(*late) + " was neither published nor refused in 10 s");
  await_beat();
}

void Control::await_beat() {
  heartbeat_.expires_after(kHeartbeat);
  heartbeat_.async_wait([this](std::error_code error) {
    if (!error) beat();
  });
}

void Control::read_events() {
  const auto now = std::chrono::steady_clock::now();
  for (const config::Event& event : event_reader_.read()) report(event, now);
  event_log_.flush(now);
}

// Rules are numbers in an event: only those of rules that are known here mean something.
void Control::report(const config::Event& event, std::chrono::steady_clock::time_point now) {
  const RuleSet* rules = lifecycle_.rules_of(event.generation);
  if (rules == nullptr) return event_log_.count(event);
  std::string endpoint;
  if (event.endpoint_slot.value() < config::kMaxEndpoints) {
    const config::EndpointState& slot = slots_.state(event.endpoint_slot);
    if (slot.family != 0) endpoint = config::to_string(config::IpAddress{slot.address, slot.family});
  }
  event_log_.add(event, event_text(event, *rules->model, endpoint), now);
  if (event.kind == config::EventKind::loop_probe && rules == lifecycle_.rules() && event.family != 0)
    loops_.came_back(event.rule, {event.address, event.family},
                     config::to_text({reinterpret_cast<const char*>(event.name.data()), event.name_length}));
}

// Only the dataplane that runs these very rules knows their probes again.
void Control::look_for_loops() {
  if (lifecycle_.is_published())
    loops_.configure(lifecycle_.model(), lifecycle_.rules()->loop_token, std::chrono::steady_clock::now());
  else
    loops_.stop();
}

void Control::observe_traffic() {
  const RuleSet* rules = lifecycle_.rules();
  if (!session_ || rules == nullptr) return;
  for (const auto& [id, sample] :
       traffic_reader_.read(*session_->counters, rules->slots, std::chrono::steady_clock::now()))
    health_.observe(id, sample);
}

// A load balancer has to hear of it before its clients do.
void Control::watch_turns() {
  std::vector<HungLcore> hung =
      turn_watch_.look(session_ ? session_->counters.get() : nullptr, std::chrono::steady_clock::now());
  const bool changed = hung.size() != hung_lcores_.size();
  hung_lcores_ = std::move(hung);
  if (!changed) return;
  if (hung_lcores_.empty())
    spdlog::info("all lcores of the dataplane turn again");
  else
    spdlog::error("{} of the dataplane's lcores hang: this node is not ready", hung_lcores_.size());
  publish_view();
}

// ---- what others see

void Control::consider_ready() {
  if (ready_) return;
  const StatusView now = view();
  if (!is_ready(now, std::chrono::steady_clock::now() - started_)) return;
  ready_ = true;
  if (now.generation != 0) spdlog::info("ready: {}", status_line(now));
  notify_ready(status_line(now));
}

StatusView Control::view() {
  return build_view({.started_at = started_at_,
                     .lifecycle = lifecycle_,
                     .link = link_,
                     .session = session_,
                     .slots = slots_,
                     .health = health_,
                     .next_hops = next_hops_,
                     .event_reader = event_reader_,
                     .event_log = event_log_,
                     .recent = recent_share_,
                     .hung_lcores = hung_lcores_,
                     .metrics_failure = metrics_failure_,
                     .metrics_warning = metrics_warning_,
                     .query_log = query_log_,
                     .answer_counts = answer_counts_,
                     .dnstap = dnstap_});
}

void Control::publish_view() {
  shared_view_.set(std::make_shared<const StatusView>(view()), session_ ? session_->endpoints : nullptr);
}

}  // namespace penstock::control
