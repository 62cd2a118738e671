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
      model_(start.first.configuration.model),
      boot_(model_),
      loader_(io) {
  record_.succeeded_at = std::chrono::system_clock::now();
  record_.refused_file = std::move(start.first.refused);
  if (!record_.refused_file) unkept_ = std::move(start.first.configuration);
}

void RuleLifecycle::start() {
  candidate_ = Candidate{{model_, nullptr}};
  build();
}

// ---- from the file

void RuleLifecycle::reload_unasked(const char* why) {
  spdlog::info("reload: {}", why);
  if (is_reloading()) {
    reload_again_ = true;
    return;
  }
  reload(accept_removals_, [](const ReloadResult&) {});
}

void RuleLifecycle::reload(bool accept_removals, Done done) {
  if (is_reloading()) return done({false, "another reload is in progress: try again", {}, generation_});
  reading_ = true;
  notify_reloading();
  loader_.read(config_file_, model_, [this, accept_removals, done = std::move(done)](ReadRules read) mutable {
    on_read(accept_removals, std::move(read), std::move(done));
  });
}

void RuleLifecycle::on_read(bool accept_removals, ReadRules read, Done done) {
  if (candidate_) {  // a dataplane has connected meanwhile and is being given the rules in force
    after_candidate_ = [this, accept_removals, read = std::move(read), done = std::move(done)]() mutable {
      on_read(accept_removals, std::move(read), std::move(done));
    };
    return;
  }
  reading_ = false;
  std::vector<std::string> findings;
  for (const config::Finding& finding : read.findings) {
    log_finding(finding);
    findings.push_back(config::to_text(finding));
  }
  if (auto refusal = refuse(read, findings, accept_removals))
    return end_reload(done, std::move(refusal->result), std::move(refusal->reasons));
  candidate_ = Candidate{{read.model, read.files}, nullptr, std::move(done), std::move(findings)};
  build();
}

std::optional<RuleLifecycle::Refusal> RuleLifecycle::refuse(const ReadRules& read,
                                                            const std::vector<std::string>& findings,
                                                            bool accept_removals) const {
  if (!read.model)
    return Refusal{{false, config_file_ + " has errors; the rules in force stay", findings, 0},
                   config::errors_of(read.findings)};
  if (!read.removals) return std::nullopt;
  const std::vector<std::string> removals = to_lines(read.removals);
  for (const std::string& removal : removals)
    spdlog::warn("reload: {}{}", removal, accept_removals ? " (accepted)" : "");
  if (accept_removals) return std::nullopt;
  std::vector<std::string> reasons = refusal_of(config_file_, removals);
  std::string text = reasons.front() + "; until then the rules in force stay";
  return Refusal{{false, std::move(text), removals, 0}, std::move(reasons)};
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
  model_ = taken.configuration.model;
  rules_ = taken.rules;
  if (taken.configuration.files) unkept_ = std::move(taken.configuration);
  record_.last_failure.clear();
  // Without an acknowledgement some dataplane may still run older rules with older slots.
  if (is_published()) slots_.release_all_but(endpoints_of(*model_));
  steps_.prepare(*model_);
  // What no dataplane has taken yet is not known to be good.
  if (is_published() && unkept_) loader_.keep(*std::exchange(unkept_, {}));
  std::vector<std::string> details = std::move(taken.findings);
  for (std::string& need : needed_restarts()) {
    spdlog::warn("{}", need);
    details.push_back(std::move(need));
  }
  steps_.in_force();
  if (!taken.done) return go_on();
  end_reload(taken.done, {true, "generation " + std::to_string(rules_->generation) + " " + how, std::move(details), 0},
             {});
}

void RuleLifecycle::give_up(const std::string& why, bool fatal) {
  const Candidate failed = std::move(*candidate_);
  candidate_.reset();
  ++job_;
  record_.last_failure = why;
  if (failed.done) {
    steps_.prepare(*model_);
    const std::string text = why + "; the rules in force stay";
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
  model_ = last_good->configuration.model;
  record_.refused_file = std::move(last_good->refused);
  unkept_.reset();
  start();
  return true;
}

// `reasons`: of a refusal, each a line.
void RuleLifecycle::end_reload(const Done& done, ReloadResult result, std::vector<std::string> reasons) {
  result.generation = rules_ ? rules_->generation : 0;
  if (result.ok) {
    ++record_.succeeded;
    record_.refused_file.reset();
    record_.succeeded_at = std::chrono::system_clock::now();
    spdlog::info("reload: {}", result.text);
  } else {
    ++record_.failed;
    if (!record_.refused_file) record_.refused_file.emplace();
    record_.refused_file->at = std::chrono::system_clock::now();
    record_.refused_file->reasons = std::move(reasons);
    record_.last_failure = result.text;
    spdlog::error("reload: {}", result.text);
  }
  steps_.reload_ended();
  done(result);
  if (std::exchange(reload_again_, false)) reload_unasked("the configuration changed again");
}

void RuleLifecycle::go_on() {
  if (const auto next = std::exchange(after_candidate_, nullptr)) next();
}

// ---- a dataplane that comes and goes

void RuleLifecycle::on_connected(const DataplaneSession& session) {
  const config::Hello& hello = session.hello;
  boot_.on_connected(hello.pid, model_);
  page_ = session.counters;
  generation_ = std::max(generation_, hello.generation);
  acknowledged_ = 0;
  if (!candidate_ && rules_ && rules_->checksum == hello.checksum && rules_->generation == hello.generation &&
      rules_->slots == slots_.allocate(endpoints_of(*model_)).value_or(EndpointSlots::Map{})) {
    spdlog::info("dataplane: already uses generation {}", hello.generation);
    acknowledged_ = hello.generation;
    return steps_.prepare(*model_);
  }
  // What was compiled before knew other slots and may have a generation that this dataplane has seen.
  if (!candidate_) candidate_ = Candidate{{model_, nullptr}};
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
  std::vector<std::string> needs = boot_.needed_restarts(*model_);
  if (page_)
    for (std::string& need : unfollowed(*page_)) needs.push_back(std::move(need));
  return needs;
}

}  // namespace penstock::control
