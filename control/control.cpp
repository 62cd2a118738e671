// control/control.cpp - the life of a generation of rules and what it makes the other parts do. Longer than most: the steps of a
// reload, of a dataplane that comes and goes, and what is then told are one sequence, and read as one.
#include "control/control.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <ctime>
#include <utility>

#include "config/files/last_good_config.h"
#include "config/source_ports.h"
#include "control/events/event_text.h"
#include "control/restart_needs.h"
#include "control/service_manager.h"

namespace penstock::control {
namespace {

constexpr std::chrono::milliseconds kHeartbeat{200};
constexpr unsigned kBeatsPerView = 5;
constexpr unsigned kBeatsPerAttempt = 25;  // to serve metrics
constexpr unsigned kBeatsPerLook = 2;      // at what clients' queries met
constexpr std::chrono::seconds kAcknowledgement{10};
constexpr std::chrono::seconds kReadyWithoutDataplane{2};
constexpr std::chrono::seconds kReadyWithoutNextHops{1};

uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

std::chrono::nanoseconds age_of(const config::EndpointStatePage& page) {
  const uint64_t beat = page.heartbeat_ns.load(std::memory_order_relaxed);
  return std::chrono::nanoseconds(monotonic_ns() - beat);
}

std::string text_of(const std::array<char, 16>& name) {
  return {name.data(), strnlen(name.data(), name.size())};
}

std::vector<PortInterface> port_interfaces(const config::Hello& hello) {
  std::vector<PortInterface> ports;
  for (uint32_t i = 0; i < hello.ports; ++i)
    if (std::string interface = text_of(hello.port[i].interface); !interface.empty())
      ports.push_back({static_cast<uint8_t>(i), std::move(interface)});
  return ports;
}

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

}  // namespace

Control::Control(asio::io_context& io, std::string config_file, FirstRules first, bool accept_removals,
                 NeighbourHand* hand)
    : io_(io),
      config_file_(std::move(config_file)),
      accept_removals_(accept_removals),
      started_(std::chrono::steady_clock::now()),
      model_(first.configuration.model),
      boot_model_(model_),
      own_boot_model_(model_),
      refused_file_(std::move(first.refused)),
      event_reader_(static_cast<uint64_t>(std::chrono::system_clock::to_time_t(started_at_))),
      link_(io, model_->dataplane.socket,
            {[this](const DataplaneSession& session) { on_connected(session); }, [this] { on_disconnected(); },
             [this](const config::Published& published) { on_published(published); },
             [this](uint64_t generation, const std::string& reason) { on_refused(generation, reason); }}),
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
      watch_(io, [this] { reload_unasked("the configuration changed on disk"); }),
      admin_(io, model_->control.socket, *this),
      loader_(io) {
  if (!refused_file_) unkept_ = std::move(first.configuration);
  serve_metrics();
}

// Without metrics the rest is still of use: a wrong address must not take the probes and penstockctl away.
void Control::serve_metrics() {
  if (metrics_ || !own_boot_model_->metrics_listen) return;
  const std::string& listen = *own_boot_model_->metrics_listen;
  try {
    metrics_ = std::make_unique<MetricsServer>(listen, [this] { return metrics_view(); });
    metrics_failure_.clear();
    spdlog::info("metrics: http://{}/metrics", listen);
  } catch (const std::exception& error) {
    if (metrics_failure_ != error.what()) spdlog::error("{}; trying again every 5 s", error.what());
    metrics_failure_ = error.what();
  }
}

Control::~Control() {
  stop();
}

void Control::start() {
  candidate_ = Candidate{{model_, nullptr}};
  build();
  admin_.start();
  link_.start();
  on_signal();
  if (model_->control.watch) watch_.watch(model_->files);
  beat();
}

void Control::stop() {
  metrics_.reset();  // its threads call metrics_view()
  admin_.stop();
  link_.stop();
  health_.stop();
  next_hops_.stop();
  watch_.stop();
  heartbeat_.cancel();
  std::error_code ignored;
  reload_signal_.cancel(ignored);
}

// ---- rules

void Control::on_signal() {
  reload_signal_.async_wait([this](std::error_code error, int) {
    if (error) return;
    reload_unasked("SIGHUP");
    on_signal();
  });
}

void Control::reload_unasked(const char* why) {
  spdlog::info("reload: {}", why);
  if (reading_ || (candidate_ && candidate_->done)) {
    reload_again_ = true;
    return;
  }
  reload(accept_removals_, [](const ReloadResult&) {});
}

void Control::reload(bool accept_removals, std::function<void(const ReloadResult&)> done) {
  if (reading_ || (candidate_ && candidate_->done))
    return done({false, "another reload is in progress: try again", {}, generation_});
  reading_ = true;
  notify_reloading();
  loader_.read(config_file_, model_, [this, accept_removals, done = std::move(done)](ReadRules read) mutable {
    on_read(accept_removals, std::move(read), std::move(done));
  });
}

void Control::on_read(bool accept_removals, ReadRules read, std::function<void(const ReloadResult&)> done) {
  if (candidate_) {  // a dataplane has connected meanwhile and is being given the rules in force
    after_candidate_ = [this, accept_removals, read = std::move(read), done = std::move(done)]() mutable {
      on_read(accept_removals, std::move(read), std::move(done));
    };
    return;
  }
  reading_ = false;
  ReloadResult failed;
  for (const config::Finding& finding : read.findings) {
    log_finding(finding);
    failed.details.push_back(config::to_text(finding));
  }
  if (!read.model) {
    failed.text = config_file_ + " has errors; the rules in force stay";
    return finish_reload(done, std::move(failed), config::errors_of(read.findings));
  }
  if (read.removals) {
    const std::vector<std::string> removals = to_lines(read.removals);
    for (const std::string& removal : removals)
      spdlog::warn("reload: {}{}", removal, accept_removals ? " (accepted)" : "");
    if (!accept_removals) {
      std::vector<std::string> reasons = refusal_of(config_file_, removals);
      failed.details = removals;
      failed.text = reasons.front() + "; until then the rules in force stay";
      return finish_reload(done, std::move(failed), std::move(reasons));
    }
  }
  candidate_ = Candidate{{read.model, read.files}, nullptr, std::move(done), std::move(failed.details)};
  build();
}

// Compiles candidate_, with slots for its endpoints beside those of the rules in force.
void Control::build() {
  candidate_->rules.reset();
  const auto& model = candidate_->configuration.model;
  auto slots = slots_.allocate(endpoints_of(*model));
  if (!slots) return give_up(slots.error(), !rules_);
  follow_endpoints(*model);
  loader_.compile(model, ++generation_, std::move(*slots),
                  [this, job = ++job_](RuleLoader::Compiled compiled) { on_compiled(job, std::move(compiled)); });
}

void Control::on_compiled(uint64_t job, RuleLoader::Compiled compiled) {
  if (job != job_ || !candidate_) return;
  if (!compiled) return give_up(compiled.error(), !rules_);
  candidate_->rules = *compiled;
  const RuleSet& rules = **compiled;
  spdlog::info("rules: generation {} compiled: {} zones, {} rules, {} pools, {} bytes", rules.generation, rules.zones,
               rules.model->rules.size(), rules.model->pools.size(), rules.size);
  sent_at_ = std::chrono::steady_clock::now();
  if (!link_.publish(rules.image.fd(), rules.generation, rules.size) && candidate_ && candidate_->rules)
    take_into_force("kept until a dataplane connects");
}

void Control::on_published(const config::Published& published) {
  if (!candidate_ || !candidate_->rules || candidate_->rules->generation != published.generation) return;
  acknowledged_ = published.generation;
  spdlog::info("rules: generation {} published: {} zones, {} pools, {} endpoints, {} lcores, swapped in {} us",
               published.generation, published.zones, published.pools, published.endpoints, published.lcores,
               published.swap_ns / 1000);
  take_into_force("published");
}

void Control::on_refused(uint64_t generation, const std::string& reason) {
  if (!candidate_ || !candidate_->rules || candidate_->rules->generation != generation) return;
  give_up("the dataplane refused generation " + std::to_string(generation) + ": " + reason);
}

void Control::take_into_force(const std::string& how) {
  Candidate taken = std::move(*candidate_);
  candidate_.reset();
  model_ = taken.configuration.model;
  rules_ = taken.rules;
  if (taken.configuration.files) unkept_ = std::move(taken.configuration);
  last_failure_.clear();
  // Without an acknowledgement some dataplane may still run older rules with older slots.
  const bool is_published = acknowledged_ == rules_->generation;
  if (is_published) slots_.release_all_but(endpoints_of(*model_));
  follow_endpoints(*model_);
  // What no dataplane has taken yet is not known to be good.
  if (is_published && unkept_) loader_.keep(*std::exchange(unkept_, {}));
  std::vector<std::string> details = std::move(taken.findings);
  for (std::string& need : needed_restarts()) {
    spdlog::warn("{}", need);
    details.push_back(std::move(need));
  }
  if (watch_.watching()) watch_.watch(model_->files);
  look_for_loops();
  consider_ready();
  publish_metrics();
  if (taken.done)
    return finish_reload(taken.done, {true, "generation " + std::to_string(rules_->generation) + " " + how,
                                      std::move(details), rules_->generation});
  if (const auto next = std::exchange(after_candidate_, nullptr)) next();
}

void Control::give_up(const std::string& why, bool fatal) {
  const Candidate failed = std::move(*candidate_);
  candidate_.reset();
  ++job_;
  last_failure_ = why;
  if (failed.done) {
    follow_endpoints(*model_);
    return finish_reload(failed.done, {false, why + "; the rules in force stay", {}, 0});
  }
  spdlog::error("rules: {}", why);
  if (fatal && start_with_last_good(why)) return;
  if (fatal) {  // the very first rules, and nothing to fall back on
    fatal_error_ = why;
    return io_.stop();
  }
  publish_metrics();
  if (const auto next = std::exchange(after_candidate_, nullptr)) next();
}

// What can be read need not fit.
bool Control::start_with_last_good(const std::string& why) {
  if (refused_file_) return false;
  auto last_good = last_good_rules(config_file_, {config_file_ + ": " + why});
  if (!last_good) {
    spdlog::error("rules: {}", last_good.error());
    return false;
  }
  model_ = last_good->configuration.model;
  refused_file_ = std::move(last_good->refused);
  unkept_.reset();
  candidate_ = Candidate{{model_, nullptr}};
  build();
  return true;
}

void Control::finish_reload(const std::function<void(const ReloadResult&)>& done, ReloadResult result,
                            std::vector<std::string> reasons) {
  result.generation = rules_ ? rules_->generation : 0;
  if (result.ok) {
    ++reloads_succeeded_;
    refused_file_.reset();
    reloaded_at_ = std::chrono::system_clock::now();
    spdlog::info("reload: {}", result.text);
  } else {
    ++reloads_failed_;
    if (reasons.empty()) reasons.push_back(config_file_ + ": " + result.text);
    if (!refused_file_) refused_file_.emplace();
    refused_file_->at = std::chrono::system_clock::now();
    refused_file_->reasons = std::move(reasons);
    last_failure_ = result.text;
    spdlog::error("reload: {}", result.text);
  }
  if (ready_) notify_ready(status_line());
  publish_metrics();
  done(result);
  if (std::exchange(reload_again_, false)) reload_unasked("the configuration changed again");
}

// ---- the dataplane

void Control::on_connected(const DataplaneSession& session) {
  const config::Hello& hello = session.hello;
  spdlog::info("dataplane: connected to pid {}: {} lcores, {} ports, generation {}", hello.pid, hello.lcores,
               hello.ports, hello.generation);
  if (session_pid_ != hello.pid) {
    if (auto host = host_of_dataplane())
      boot_model_ = std::move(host);
    else if (session_pid_ != 0)
      boot_model_ = model_;
  }
  session_pid_ = hello.pid;
  session_ = session;
  slots_.attach(session.endpoints);
  event_reader_.attach(session.counters);
  slots_.beat(monotonic_ns());
  generation_ = std::max(generation_, hello.generation);
  acknowledged_ = 0;
  if (!candidate_ && rules_ && rules_->checksum == hello.checksum && rules_->generation == hello.generation &&
      rules_->slots == slots_.allocate(endpoints_of(*model_)).value_or(EndpointSlots::Map{})) {
    spdlog::info("dataplane: already uses generation {}", hello.generation);
    acknowledged_ = hello.generation;
    follow_endpoints(*model_);
    look_for_loops();
    consider_ready();
  } else {
    // What was compiled before knew other slots and may have a generation that this dataplane has seen.
    if (!candidate_) candidate_ = Candidate{{model_, nullptr}};
    build();
  }
  publish_metrics();
}

// What a dataplane keeps of the file that it has started with; null: it has kept nothing, or it is not ours to read.
std::shared_ptr<const config::Model> Control::host_of_dataplane() const {
  const auto kept = config::peek_at_last_good_config(model_->dataplane.state_dir, config::kLastGoodHost);
  if (!kept) return nullptr;
  auto read = config::read_host_of(kept->files.front());
  if (!read.model) return nullptr;
  // The dataplane reads nothing of these.
  read.model->control = own_boot_model_->control;
  read.model->metrics_listen = own_boot_model_->metrics_listen;
  return std::make_shared<const config::Model>(std::move(*read.model));
}

void Control::on_disconnected() {
  read_events();
  session_.reset();
  slots_.detach();
  event_reader_.detach();
  recent_share_.forget();
  loops_.stop();
  acknowledged_ = 0;
  // Whoever waits for the acknowledgement gets an answer now; the rules go out with the next connection.
  if (candidate_ && candidate_->rules) take_into_force("kept until a dataplane connects");
  publish_metrics();
}

// Health and next hops of the endpoints in force and of those about to be: a new pool is warm when its rules
// arrive.
void Control::follow_endpoints(const config::Model& also) {
  std::map<EndpointId, NextHopTarget> targets;
  const auto add = [&targets](const config::Model& model) {
    for (const config::Pool& pool : model.pools) {
      for (const config::Endpoint& endpoint : pool.endpoints) {
        NextHopTarget target{{pool.name, endpoint.address}, std::nullopt};
        for (const config::IpAddress& source : pool.source)
          if (source.family == endpoint.address.family) target.source = source;
        targets[target.id] = target;
      }
    }
  };
  add(*model_);
  add(also);
  std::vector<NextHopTarget> list;
  for (auto& [id, target] : targets) list.push_back(std::move(target));
  if (session_) next_hops_.configure(std::move(list), port_interfaces(session_->hello));
  health_.configure(also);
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

size_t Control::drain(const config::IpAddress& address, bool drained) {
  const size_t found = slots_.set_drained(address, drained);
  if (found > 0) spdlog::info("endpoint {}: {}", config::to_string(address), drained ? "drained" : "no longer drained");
  publish_metrics();
  return found;
}

// ---- what others see

void Control::beat() {
  slots_.beat(monotonic_ns());
  notify_watchdog();
  read_events();
  if (beats_ % kBeatsPerLook == 0) observe_traffic();
  loops_.tick(std::chrono::steady_clock::now());
  consider_ready();
  if (beats_ % kBeatsPerAttempt == 0) serve_metrics();
  if (++beats_ % kBeatsPerView == 0) {
    if (session_) recent_share_.add(memory_share(*session_->counters), std::chrono::steady_clock::now());
    publish_metrics();
  }
  if (candidate_ && candidate_->rules && link_.connected() &&
      std::chrono::steady_clock::now() - sent_at_ > kAcknowledgement)
    link_.reconnect("generation " + std::to_string(candidate_->rules->generation) +
                    " was neither published nor refused in 10 s");
  heartbeat_.expires_after(kHeartbeat);
  heartbeat_.async_wait([this](std::error_code error) {
    if (!error) beat();
  });
}

// Rules are numbers in an event: only those of rules that are known here mean something.
void Control::read_events() {
  const auto now = std::chrono::steady_clock::now();
  for (const config::Event& event : event_reader_.read()) {
    const RuleSet* of = nullptr;
    for (const RuleSet* one : {rules_.get(), candidate_ ? candidate_->rules.get() : nullptr})
      if (one != nullptr && one->generation == event.generation) of = one;
    if (of == nullptr) {
      event_log_.count(event);
      continue;
    }
    std::string endpoint;
    if (event.endpoint_slot < config::kMaxEndpoints) {
      const config::EndpointState& slot = slots_.state(event.endpoint_slot);
      if (slot.family != 0) endpoint = config::to_string(config::IpAddress{slot.address, slot.family});
    }
    event_log_.add(event, event_text(event, *of->model, endpoint), now);
    if (event.kind == config::EventKind::loop_probe && of == rules_.get() && event.family != 0)
      loops_.came_back(event.rule, {event.address, event.family},
                       config::to_text({reinterpret_cast<const char*>(event.name.data()), event.name_length}));
  }
  event_log_.flush(now);
}

// Only the dataplane that runs these very rules knows their probes again.
void Control::look_for_loops() {
  if (rules_ && acknowledged_ == rules_->generation)
    loops_.configure(model_, rules_->loop_token, std::chrono::steady_clock::now());
  else
    loops_.stop();
}

void Control::observe_traffic() {
  if (!session_ || !rules_) return;
  for (const auto& [id, sample] :
       traffic_reader_.read(*session_->counters, rules_->slots, std::chrono::steady_clock::now()))
    health_.observe(id, sample);
}

// Ready when queries can be served, or when it will not help to wait longer.
void Control::consider_ready() {
  if (ready_) return;
  const auto age = std::chrono::steady_clock::now() - started_;
  if (!rules_) {  // being compiled; or the dataplane refused them, and it must be possible to ask why
    if (last_failure_.empty() || age < kReadyWithoutDataplane) return;
    ready_ = true;
    return notify_ready(status_line());
  }
  const bool published = acknowledged_ == rules_->generation;
  const bool reachable = std::all_of(rules_->slots.begin(), rules_->slots.end(),
                                     [this](const auto& entry) { return slots_.state(entry.second).reachable != 0; });
  if (published ? !reachable && age < kReadyWithoutNextHops : age < kReadyWithoutDataplane) return;
  ready_ = true;
  spdlog::info("ready: {}", status_line());
  notify_ready(status_line());
}

std::string Control::status_line() const {
  std::string line = "generation " + std::to_string(rules_ ? rules_->generation : 0);
  if (!session_)
    line += ", waiting for a dataplane at " + link_.socket_path();
  else
    line += rules_ && acknowledged_ == rules_->generation ? " published" : " not published";
  if (refused_file_) line += "; the configuration on disk is REFUSED: " + refused_file_->reasons.front();
  return line;
}

// What the dataplane read when it started and what this process did may differ.
std::vector<std::string> Control::needed_restarts() const {
  std::vector<std::string> needs = restart_needs(*boot_model_, *model_);
  for (std::string& need : restart_needs(*own_boot_model_, *model_))
    if (need.find("restart penstock-control") != std::string::npos &&
        std::find(needs.begin(), needs.end(), need) == needs.end())
      needs.push_back(std::move(need));
  if (session_)
    for (std::string& need : unfollowed(*session_->counters)) needs.push_back(std::move(need));
  return needs;
}

AdminState Control::admin_state() {
  AdminState state;
  state.config_file = config_file_;
  state.started_at = started_at_;
  state.model = model_;
  if (rules_) {
    state.generation = rules_->generation;
    state.built_at = rules_->built_at;
    state.zones = rules_->zones;
  }
  state.acknowledged = acknowledged_;
  state.dataplane_socket = link_.socket_path();
  if (session_) {
    state.hello = session_->hello;
    state.ports_of_an_lcore = ports_of_an_lcore(*boot_model_, session_->hello.lcores);
    state.page = session_->counters;
    state.recent = recent_share_.get();
    state.heartbeat_age = age_of(*session_->endpoints);
  }
  std::map<EndpointId, EndpointHealth> health;
  for (EndpointHealth& one : health_.snapshot()) health.emplace(one.id, one);
  for (const EndpointId& id : endpoints_of(*model_)) {
    AdminEndpoint endpoint;
    endpoint.health = health[id];
    endpoint.health.id = id;
    endpoint.slot = slots_.slot_of(id);
    endpoint.no_next_hop = next_hops_.reason(id);
    endpoint.budget = budget_of(*model_, id);
    if (endpoint.slot) endpoint.state = slots_.state(*endpoint.slot);
    state.endpoints.push_back(std::move(endpoint));
  }
  if (rules_) state.image_bytes = rules_->size;
  state.slots_used = slots_.used();
  state.events = event_log_.last();
  state.event_counts = event_log_.counts();
  state.events_missed = event_reader_.missed();
  state.reloads_succeeded = reloads_succeeded_;
  state.reloads_failed = reloads_failed_;
  state.last_failure = last_failure_;
  state.refused_file = refused_file_;
  state.metrics_failure = metrics_failure_;
  state.restart_needed = needed_restarts();
  return state;
}

void Control::publish_metrics() {
  auto view = std::make_shared<MetricsView>();
  const AdminState state = admin_state();
  view->page = state.page;
  view->generation = state.generation;
  view->zones = state.zones;
  view->rules = model_->rules.size();
  view->started_at = started_at_;
  view->reloads_succeeded = reloads_succeeded_;
  view->reloads_failed = reloads_failed_;
  view->last_reload_good = !refused_file_;
  view->runs_by_copy = refused_file_ && !refused_file_->copy.empty();
  view->reloaded_at = reloaded_at_;
  if (rules_) view->built_at = rules_->built_at;
  view->event_counts = state.event_counts;
  view->events_missed = state.events_missed;
  if (state.hello) {
    for (uint32_t i = 0; i < state.hello->ports; ++i) view->ports.push_back(text_of(state.hello->port[i].name));
    view->ports_of_an_lcore = state.ports_of_an_lcore;
  }
  for (const AdminEndpoint& from : state.endpoints) {
    MetricsEndpoint to;
    to.pool = from.health.id.pool;
    to.address = config::to_string(from.health.id.address);
    to.slot = from.slot;
    to.health = from.health.state;
    to.condition = from.health.condition;
    to.reason = from.health.reason;
    to.since = from.health.since;
    to.drained = from.state.drained != 0;
    to.reachable = from.state.reachable != 0;
    to.budget = from.budget;
    to.udp = {from.health.udp.sent, from.health.udp.failed, from.health.udp.round_trip};
    to.tcp = {from.health.tcp.sent, from.health.tcp.failed, from.health.tcp.round_trip};
    view->endpoints.push_back(std::move(to));
  }
  const std::lock_guard lock(view_lock_);
  view_ = std::move(view);
  view_page_ = session_ ? session_->endpoints : nullptr;
}

std::shared_ptr<const MetricsView> Control::metrics_view() {
  std::shared_ptr<const MetricsView> view;
  std::shared_ptr<const config::EndpointStatePage> page;
  {
    const std::lock_guard lock(view_lock_);
    view = view_;
    page = view_page_;
  }
  if (!view || !page) return view;
  auto now = std::make_shared<MetricsView>(*view);
  now->heartbeat_age = age_of(*page);
  return now;
}

}  // namespace penstock::control
