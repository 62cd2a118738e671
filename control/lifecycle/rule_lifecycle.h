// control/lifecycle/rule_lifecycle.h - the life of a generation of rules: read, removal guard, slots, compile, publish, acknowledged,
// in force.
//
// A file that fails at any of these steps leaves the rules in force alone. All of it runs on the io_context's thread, but for
// reading and compiling (rule_loader.h).
#pragma once

#include <asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/changes/preview.h"
#include "control/changes/rule_source.h"
#include "control/history/history.h"
#include "control/lifecycle/boot_models.h"
#include "control/lifecycle/first_rules.h"
#include "control/lifecycle/reload_record.h"
#include "control/lifecycle/rule_loader.h"
#include "control/link/dataplane_link.h"
#include "control/link/endpoint_slots.h"

namespace penstock::control {

struct RuleStart {
  std::string config_file;
  FirstRules first;
  bool accept_removals = false;  // reloads that nobody types (SIGHUP, a changed file) pass the removal guard
};

class RuleLifecycle {
 public:
  // What others do at a step.
  struct Steps {
    // Probes and next hops of these endpoints begin, beside those of the rules in force.
    std::function<void(const config::Model&)> prepare;
    std::function<bool(const RuleSet&)> publish;  // false: no dataplane is connected
    std::function<void()> in_force;               // new rules
    std::function<void()> reload_ended;           // well or badly
    std::function<void()> failed;                 // rules that nobody asked for: those of a start or of a connection
    // A reload that nobody typed; before: the generation.
    std::function<void(const Origin&, uint64_t before, const ReloadResult&)> unasked_ended{};
  };
  using Done = std::function<void(const ReloadResult&)>;

  // `slots` outlives this.
  RuleLifecycle(asio::io_context&, RuleStart, EndpointSlots& slots, Steps);

  // Compiles the first rules.
  void start();
  void reload(ReloadRequest, Done);
  // Those that come while one is in progress are one more.
  void reload_unasked(Origin::How);
  // Back to the rules that had this number; 0: those before the ones in force (History::previous()). The file on disk stays as it is, and is
  // not taken again until it changes or `undo_rollback` asks for it: not by a start, either.
  void roll_back(uint64_t generation, ReloadRequest, Done);
  // What a reload would do.
  void look_at_file(bool accept_removals, bool undo_rollback, std::function<void(const Preview&)>);
  // The files of the rules that had this number; 0: of those in force.
  using Source = tl::expected<RuleSource, std::string>;
  void source_of(uint64_t generation, std::function<void(const Source&)>);

  // The slots are attached to its page.
  void on_connected(const DataplaneSession&);
  void on_disconnected();
  void on_published(const config::Published&);
  void on_refused(uint64_t generation, const std::string& reason);

  // In force, or the first ones.
  const std::shared_ptr<const config::Model>& model() const { return in_force_.model; }
  // In force; null until the first compilation ends.
  const RuleSet* rules() const { return rules_.get(); }
  // In force or on their way; null: others.
  const RuleSet* rules_of(uint64_t generation) const;
  // By the dataplane that is connected now, 0: none yet.
  uint64_t acknowledged() const { return acknowledged_; }
  bool is_published() const { return rules_ && acknowledged_ == rules_->generation; }
  // A generation that was sent 10 s ago and neither published nor refused.
  std::optional<uint64_t> overdue(std::chrono::steady_clock::time_point now) const;

  const ReloadRecord& reloads() const { return record_; }
  const History& history() const { return history_; }
  const BootModels& boot() const { return boot_; }
  // A line each.
  std::vector<std::string> needed_restarts() const;
  const std::string& config_file() const { return config_file_; }
  // Why the process must end although nobody asked; empty: it need not. The io_context is stopped then.
  const std::string& fatal_error() const { return fatal_error_; }
  // Of the loader's threads.
  void finish_keeping() { loader_.finish_keeping(); }
  bool is_loading() const { return loader_.is_busy(); }

 private:
  struct Candidate {
    Configuration configuration;
    std::optional<Generation> entry{};  // of the history; empty: the rules in force once more, for another dataplane
    std::shared_ptr<const RuleSet> rules{};  // null: being compiled
    Done done{};                             // null: nobody asked
    std::vector<std::string> findings{};     // of the file, for whoever asked
  };
  // A reload, or a rollback to what is kept.
  struct Wanted {
    ReloadRequest request;
    std::optional<Generation> target = {};  // of a rollback
  };
  struct Refusal {
    ReloadResult result;
    std::vector<std::string> reasons;  // each a line
  };

  bool is_reloading() const { return reading_ || (candidate_ && candidate_->done); }
  void on_read(const Wanted&, ReadRules, Done);
  std::optional<Refusal> refuse(const ReadRules&, const std::vector<std::string>& findings, const Wanted&) const;
  // Why the file is not taken, being the one that a rollback has left; empty: it is.
  std::string held_back(const std::string& hash, bool undo_rollback) const;
  Generation entry_of(const Wanted&, const ReadRules&) const;
  void keep_history();
  Generation first_entry() const;
  void build();
  void on_compiled(uint64_t job, RuleLoader::Compiled);
  void take_into_force(const std::string& how);
  void give_up(const std::string& why, bool fatal = false);
  bool start_with_last_good(const std::string& why);
  void end_reload(const Done&, ReloadResult, std::vector<std::string> reasons);
  // Without a word about the file on disk.
  void end_request(const Done&, ReloadResult);
  void go_on();

  asio::io_context& io_;
  const std::string config_file_;
  const bool accept_removals_;
  EndpointSlots& slots_;
  const Steps steps_;

  Configuration in_force_;                // or the first ones
  std::shared_ptr<const RuleSet> rules_;  // of in_force_
  BootModels boot_;
  History history_;
  std::optional<Generation> first_entry_;  // of the first rules
  bool is_unkept_ = false;                 // to be kept when a dataplane has it
  std::optional<Candidate> candidate_;
  std::function<void()> after_candidate_;          // a reload that was read while candidate_ was on its way
  std::chrono::steady_clock::time_point sent_at_;  // candidate_'s image
  uint64_t generation_ = 0;                        // the last one given out
  uint64_t acknowledged_ = 0;
  uint64_t job_ = 0;  // the compilation that counts; others are stale
  bool reading_ = false;
  std::optional<Origin::How> reload_again_;
  ReloadRecord record_;
  std::string fatal_error_;
  std::shared_ptr<const config::CounterPage> page_;  // of the dataplane that is connected
  RuleLoader loader_;
};

}  // namespace penstock::control
