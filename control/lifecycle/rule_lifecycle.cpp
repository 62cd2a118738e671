#include "control/lifecycle/rule_lifecycle.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

#include "control/lifecycle/restart_needs.h"
#include "control/service_manager.h"

namespace penstock::control {
namespace {

constexpr std::chrono::seconds kAcknowledgement{10};

}  // namespace

RuleLifecycle::RuleLifecycle(asio::io_context& io, RuleStart start, EndpointSlots& slots, Steps steps)
    : io_(io),
      config_file_(std::move(start.config_file)),
      accept_removals_(start.accept_removals),
      slots_(slots),
      steps_(std::move(steps)),
      in_force_(std::move(start.first.configuration)),
      boot_(in_force_.model),
      history_(std::move(start.first.history)),
      loader_(io) {
  record_.succeeded_at = std::chrono::system_clock::now();
  record_.refused_file = std::move(start.first.refused);
  is_unkept_ = !record_.refused_file;
  // Numbers go on, so that none means two sets of rules.
  if (const Generation* newest = history_.newest()) generation_ = newest->last;
  if (!start.first.is_rollback) first_entry_ = first_entry();
}

Generation RuleLifecycle::first_entry() const {
  Generation entry;
  entry.hash = in_force_.hash;
  entry.changes = history_.newest() == nullptr
                      ? "the first rules"
                      : "other rules than generation " + std::to_string(history_.newest()->last) + " had";
  return entry;
}

void RuleLifecycle::start() {
  candidate_ = Candidate{in_force_, first_entry_};
  build();
}

// ---- from the file

void RuleLifecycle::reload_unasked(Origin::How how) {
  spdlog::info("reload: {}", how == Origin::How::signal ? "SIGHUP" : "the configuration changed on disk");
  if (is_reloading()) {
    reload_again_ = how;
    return;
  }
  const uint64_t before = rules_ ? rules_->generation : 0;
  reload({{how, {}}, accept_removals_, false}, [this, how, before](const ReloadResult& result) {
    if (steps_.unasked_ended) steps_.unasked_ended({how, {}}, before, result);
  });
}

void RuleLifecycle::reload(ReloadRequest request, Done done) {
  if (is_reloading()) return done({false, "another reload is in progress: try again", {}, generation_});
  reading_ = true;
  notify_reloading();
  loader_.read(config_file_, in_force_.model,
               [this, wanted = Wanted{std::move(request)}, done = std::move(done)](ReadRules read) mutable {
                 on_read(wanted, std::move(read), std::move(done));
               });
}

void RuleLifecycle::on_read(const Wanted& wanted, ReadRules read, Done done) {
  if (candidate_) {  // a dataplane has connected meanwhile and is being given the rules in force
    after_candidate_ = [this, wanted, read = std::move(read), done = std::move(done)]() mutable {
      on_read(wanted, std::move(read), std::move(done));
    };
    return;
  }
  reading_ = false;
  std::vector<std::string> findings;
  for (const config::Finding& finding : read.findings) {
    log_finding(finding);
    findings.push_back(config::to_text(finding));
  }
  if (!wanted.target && read.configuration.model) {
    if (std::string why = held_back(read.configuration.hash, wanted.request.undo_rollback); !why.empty()) {
      record_.refused_file.reset();
      return end_request(done, {false, std::move(why), std::move(findings), 0});
    }
  }
  if (auto refusal = refuse(read, findings, wanted)) {
    if (wanted.target) return end_request(done, std::move(refusal->result));
    return end_reload(done, std::move(refusal->result), std::move(refusal->reasons));
  }
  Generation entry = entry_of(wanted, read);
  candidate_ =
      Candidate{std::move(read.configuration), std::move(entry), nullptr, std::move(done), std::move(findings)};
  build();
}

std::optional<RuleLifecycle::Refusal> RuleLifecycle::refuse(const ReadRules& read,
                                                            const std::vector<std::string>& findings,
                                                            const Wanted& wanted) const {
  const std::string what = wanted.target ? "generation " + std::to_string(wanted.target->last) : config_file_;
  if (!read.configuration.model)
    return Refusal{{false, what + " has errors; the rules in force stay", findings, 0},
                   config::errors_of(read.findings)};
  if (!read.removals) return std::nullopt;
  const bool are_accepted = wanted.request.accept_removals;
  const std::vector<std::string> removals = to_lines(read.removals);
  for (const std::string& removal : removals)
    spdlog::warn("{}: {}{}", wanted.target ? "rollback" : "reload", removal, are_accepted ? " (accepted)" : "");
  if (are_accepted) return std::nullopt;
  std::vector<std::string> reasons = refusal_of(
      what, wanted.target ? "penstockctl rules rollback " + std::to_string(wanted.target->last) : "penstockctl reload",
      removals);
  std::string text = reasons.front() + "; until then the rules in force stay";
  return Refusal{{false, std::move(text), removals, 0}, std::move(reasons)};
}

std::string RuleLifecycle::held_back(const std::string& hash, bool undo_rollback) const {
  const Generation* rollback = history_.rollback();
  if (rollback == nullptr || undo_rollback || rollback->left_hash != hash) return {};
  return config_file_ + " is the file that was left by the " + to_string(rollback->origin) + ", and generation " +
         std::to_string(rollback->last) +
         " stays in force: correct the file, or take it again with penstockctl reload "
         "--undo-rollback";
}

Generation RuleLifecycle::entry_of(const Wanted& wanted, const ReadRules& read) const {
  Generation entry;
  entry.origin = wanted.request.origin;
  entry.hash = read.configuration.hash;
  entry.changes = read.changes;
  if (!wanted.target) return entry;
  const Generation* earlier = history_.rollback();
  entry.restored = wanted.target->last;
  // What stands on the disk was not taken since the first of several rollbacks.
  entry.left_hash = earlier != nullptr ? earlier->left_hash : in_force_.hash;
  return entry;
}

// ---- from what is kept, and without taking anything

void RuleLifecycle::roll_back(uint64_t generation, ReloadRequest request, Done done) {
  const auto refused = [&](std::string why) { done({false, std::move(why), {}, rules_ ? rules_->generation : 0}); };
  if (is_reloading()) return refused("a reload is in progress: try again");
  const Generation* target = generation == 0 ? history_.previous() : history_.find(generation);
  if (target == nullptr)
    return refused(generation == 0
                       ? "no earlier rules than those in force are kept; see penstockctl rules history"
                       : "generation " + std::to_string(generation) + " is not known; see penstockctl rules history");
  if (target->hash == in_force_.hash)
    return refused("generation " + std::to_string(target->last) + " has the rules that are in force");
  reading_ = true;
  notify_reloading();
  loader_.read_kept(boot_.own().dataplane.state_dir, target->hash, in_force_.model,
                    [this, wanted = Wanted{std::move(request), *target}, done = std::move(done)](
                        ReadRules read) mutable { on_read(wanted, std::move(read), std::move(done)); });
}

void RuleLifecycle::look_at_file(bool accept_removals, bool undo_rollback, std::function<void(const Preview&)> done) {
  loader_.look_at(
      config_file_, in_force_, boot_.started_with(),
      [this, accept_removals, undo_rollback, done = std::move(done)](Preview found, const std::string& hash) {
        found.accept_removals = accept_removals;
        if (found.changes) found.held_back = held_back(hash, undo_rollback);
        done(found);
      });
}

void RuleLifecycle::source_of(uint64_t generation, std::function<void(const Source&)> done) {
  const uint64_t now = rules_ ? rules_->generation : 0;
  const Generation* wanted = history_.find(generation);
  const std::string number = std::to_string(generation);
  if (generation == 0 || generation == now || (wanted != nullptr && wanted->hash == in_force_.hash))
    return done(RuleSource{generation == 0 ? now : generation, *in_force_.files, boot_.started_with()});
  if (wanted == nullptr)
    return done(tl::make_unexpected("generation " + number + " is not known; see penstockctl rules history"));
  loader_.read_files(boot_.own().dataplane.state_dir, wanted->hash,
                     [this, generation, done = std::move(done)](RuleLoader::Files files) {
                       if (!files) return done(tl::make_unexpected(files.error()));
                       done(RuleSource{generation, std::move(*files), boot_.started_with()});
                     });
}

// ---- to the dataplane

// Compiles candidate_, with slots for its endpoints beside those of the rules in force.
void RuleLifecycle::build() {
  candidate_->rules.reset();
  const auto& model = candidate_->configuration.model;
  auto slots = slots_.allocate(endpoints_of(*model));
  if (!slots) return give_up(slots.error(), !rules_);
  steps_.prepare(*model);
  loader_.compile(model, ++generation_, std::move(*slots),
                  [this, job = ++job_](RuleLoader::Compiled compiled) { on_compiled(job, std::move(compiled)); });
}

void RuleLifecycle::on_compiled(uint64_t job, RuleLoader::Compiled compiled) {
  if (job != job_ || !candidate_) return;
  if (!compiled) return give_up(compiled.error(), !rules_);
  candidate_->rules = *compiled;
  const RuleSet& rules = **compiled;
  spdlog::info("rules: generation {} compiled: {} zones, {} rules, {} pools, {} bytes", rules.generation, rules.zones,
               rules.model->rules.size(), rules.model->pools.size(), rules.size);
  sent_at_ = std::chrono::steady_clock::now();
  if (!steps_.publish(rules) && candidate_ && candidate_->rules) take_into_force("kept until a dataplane connects");
}

void RuleLifecycle::on_published(const config::Published& published) {
  if (!candidate_ || !candidate_->rules || candidate_->rules->generation != published.generation) return;
  acknowledged_ = published.generation;
  spdlog::info("rules: generation {} published: {} zones, {} pools, {} endpoints, {} lcores, swapped in {} us",
               published.generation, published.zones, published.pools, published.endpoints, published.lcores,
               published.swap_ns / 1000);
  take_into_force("published");
}

void RuleLifecycle::on_refused(uint64_t generation, const std::string& reason) {
  if (!candidate_ || !candidate_->rules || candidate_->rules->generation != generation) return;
  give_up("the dataplane refused generation " + std::to_string(generation) + ": " + reason);
}

std::optional<uint64_t> RuleLifecycle::overdue(std::chrono::steady_clock::time_point now) const {
  if (!candidate_ || !candidate_->rules || now - sent_at_ <= kAcknowledgement) return std::nullopt;
  return candidate_->rules->generation;
}

// ---- the end: in force, or given up

void RuleLifecycle::take_into_force(const std::string& how) {
  Candidate taken = std::move(*candidate_);
  candidate_.reset();
  rules_ = taken.rules;
  in_force_ = std::move(taken.configuration);
  record_.last_failure.clear();
  // Without an acknowledgement some dataplane may still run older rules with older slots.
  if (is_published()) slots_.release_all_but(endpoints_of(*in_force_.model));
  steps_.prepare(*in_force_.model);
  if (taken.entry) {
    is_unkept_ |= taken.entry->origin.how != Origin::How::start;
    first_entry_.reset();
    if (taken.entry->origin.how == Origin::How::rollback) record_.refused_file.reset();
    taken.entry->at = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
    taken.entry->first = taken.entry->last = rules_->generation;
    history_.add(std::move(*taken.entry));
  }
  keep_history();
  std::vector<std::string> needs = needed_restarts();
  std::vector<std::string> details = std::move(taken.findings);
  for (const std::string& need : needs) {
    spdlog::warn("{}", need);
    details.push_back(need);
  }
  steps_.in_force();
  if (!taken.done) return go_on();
  ReloadResult result{true, "generation " + std::to_string(rules_->generation) + " " + how, std::move(details), 0,
                      std::move(needs)};
  if (const Generation* rollback = history_.rollback()) {
    result.text += ", with the rules of generation " + std::to_string(rollback->restored) + "; " + config_file_ +
                   " is not touched, and not taken again until it changes";
    ++record_.succeeded;
    return end_request(taken.done, std::move(result));
  }
  end_reload(taken.done, std::move(result), {});
}

void RuleLifecycle::keep_history() {
  history_.renumber(rules_->generation);
  // What no dataplane has taken yet is not known to be good.
  const bool is_taken = is_published() && is_unkept_;
  if (is_taken) {
    is_unkept_ = false;
    history_.set_kept(in_force_.hash);
    loader_.keep(in_force_);
  }
  loader_.keep_history(boot_.own().dataplane.state_dir, history_, is_taken ? std::optional(in_force_) : std::nullopt);
}

void RuleLifecycle::give_up(const std::string& why, bool fatal) {
  const Candidate failed = std::move(*candidate_);
  candidate_.reset();
  ++job_;
  record_.last_failure = why;
  if (failed.done) {
    steps_.prepare(*in_force_.model);
    const std::string text = why + "; the rules in force stay";
    if (failed.entry && failed.entry->origin.how == Origin::How::rollback)
      return end_request(failed.done, {false, text, {}, 0});
    return end_reload(failed.done, {false, text, {}, 0}, {config_file_ + ": " + text});
  }
  spdlog::error("rules: {}", why);
  if (fatal && start_with_last_good(why)) return;
  if (fatal) {  // the very first rules, and nothing to fall back on
    fatal_error_ = why;
    return io_.stop();
  }
  steps_.failed();
  go_on();
}

// What can be read need not fit.
bool RuleLifecycle::start_with_last_good(const std::string& why) {
  if (record_.refused_file) return false;
  auto last_good = last_good_rules(config_file_, {config_file_ + ": " + why});
  if (!last_good) {
    spdlog::error("rules: {}", last_good.error());
    return false;
  }
  in_force_ = std::move(last_good->configuration);
  record_.refused_file = std::move(last_good->refused);
  is_unkept_ = false;
  first_entry_ = first_entry();
  start();
  return true;
}

// `reasons`: of a refusal, each a line.
void RuleLifecycle::end_reload(const Done& done, ReloadResult result, std::vector<std::string> reasons) {
  if (result.ok) {
    ++record_.succeeded;
    record_.refused_file.reset();
    record_.succeeded_at = std::chrono::system_clock::now();
  } else {
    ++record_.failed;
    if (!record_.refused_file) record_.refused_file.emplace();
    record_.refused_file->at = std::chrono::system_clock::now();
    record_.refused_file->reasons = std::move(reasons);
    record_.last_failure = result.text;
  }
  end_request(done, std::move(result));
}

void RuleLifecycle::end_request(const Done& done, ReloadResult result) {
  result.generation = rules_ ? rules_->generation : 0;
  spdlog::log(result.ok ? spdlog::level::info : spdlog::level::err, "reload: {}", result.text);
  steps_.reload_ended();
  done(result);
  if (const auto again = std::exchange(reload_again_, {})) reload_unasked(*again);
}

void RuleLifecycle::go_on() {
  if (const auto next = std::exchange(after_candidate_, nullptr)) next();
}

// ---- a dataplane that comes and goes

void RuleLifecycle::on_connected(const DataplaneSession& session) {
  const config::Hello& hello = session.hello;
  boot_.on_connected(hello.pid, in_force_.model);
  page_ = session.counters;
  generation_ = std::max(generation_, hello.generation);
  acknowledged_ = 0;
  if (!candidate_ && rules_ && rules_->checksum == hello.checksum && rules_->generation == hello.generation &&
      rules_->slots == slots_.allocate(endpoints_of(*in_force_.model)).value_or(EndpointSlots::Map{})) {
    spdlog::info("dataplane: already uses generation {}", hello.generation);
    acknowledged_ = hello.generation;
    if (is_unkept_) keep_history();
    return steps_.prepare(*in_force_.model);
  }
  // What was compiled before knew other slots and may have a generation that this dataplane has seen.
  if (!candidate_) candidate_ = Candidate{in_force_};
  build();
}

void RuleLifecycle::on_disconnected() {
  page_.reset();
  acknowledged_ = 0;
  // Whoever waits for the acknowledgement gets an answer now; the rules go out with the next connection.
  if (candidate_ && candidate_->rules) take_into_force("kept until a dataplane connects");
}

const RuleSet* RuleLifecycle::rules_of(uint64_t generation) const {
  if (rules_ && rules_->generation == generation) return rules_.get();
  if (candidate_ && candidate_->rules && candidate_->rules->generation == generation) return candidate_->rules.get();
  return nullptr;
}

std::vector<std::string> RuleLifecycle::needed_restarts() const {
  std::vector<std::string> needs = restarts_for(boot_.started_with(), host_settings(*in_force_.model));
  if (page_)
    for (std::string& need : unfollowed(*page_)) needs.push_back(std::move(need));
  return needs;
}

}  // namespace penstock::control
