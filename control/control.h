// control/control.h - owns the parts of penstock-control and carries rules from the file to the dataplane.
//
// One generation of rules goes: read -> removal guard -> slots -> compile -> publish -> acknowledged -> in
// force. A file that fails at any of these steps leaves the rules that are in force alone. All of it runs on
// the io_context's thread.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "control/admin/operations.h"
#include "control/admin/server.h"
#include "control/events/event_log.h"
#include "control/events/event_reader.h"
#include "control/file_watch.h"
#include "control/first_rules.h"
#include "control/health/health_checker.h"
#include "control/health/traffic_reader.h"
#include "control/link/dataplane_link.h"
#include "control/link/endpoint_slots.h"
#include "control/metrics/metrics_server.h"
#include "control/neighbours/next_hop_mirror.h"
#include "control/rule_loader.h"

namespace penstock::control {

class Control : private Operations {
 public:
  // Opens the admin socket, and throws std::runtime_error when it cannot be had. A metrics port that cannot is tried again.
  // `accept_removals`: reloads that nobody types (SIGHUP, a changed file) pass the removal guard.
  // `hand` changes the kernel's neighbour entries and outlives us; nullptr: this process does, and needs the right to.
  Control(asio::io_context&, std::string config_file, FirstRules, bool accept_removals = false,
          NeighbourHand* hand = nullptr);
  ~Control() override;

  void start();
  // No work is left on the io_context afterwards.
  void stop();
  // Why the process must end although nobody asked; empty: it need not.
  const std::string& fatal_error() const { return fatal_error_; }

 private:
  struct Candidate {
    Configuration configuration;                         // without files: that in force, for another dataplane
    std::shared_ptr<const RuleSet> rules = {};           // null: being compiled
    std::function<void(const ReloadResult&)> done = {};  // null: nobody asked
    std::vector<std::string> findings = {};              // of the file, for whoever asked
  };

  AdminState admin_state() override;
  void reload(bool accept_removals, std::function<void(const ReloadResult&)>) override;
  void lookup(const config::WireName&, const config::IpAddress& client,
              std::function<void(tl::expected<config::Found, std::string>)>) override;
  void flush(config::FlushScope, const config::WireName&,
             std::function<void(tl::expected<config::Flushed, std::string>)>) override;
  size_t drain(const config::IpAddress&, bool drained) override;

  std::vector<std::string> needed_restarts() const;
  void on_signal();
  void reload_unasked(const char* why);
  void on_read(bool accept_removals, ReadRules, std::function<void(const ReloadResult&)>);
  void build();
  void on_compiled(uint64_t job, RuleLoader::Compiled);
  void take_into_force(const std::string& how);
  void give_up(const std::string& why, bool fatal = false);
  bool start_with_last_good(const std::string& why);
  // `reasons`: of a refusal, each a line; empty: the result's text.
  void finish_reload(const std::function<void(const ReloadResult&)>&, ReloadResult,
                     std::vector<std::string> reasons = {});
  std::shared_ptr<const config::Model> host_of_dataplane() const;

  void on_connected(const DataplaneSession&);
  void on_disconnected();
  void on_published(const config::Published&);
  void on_refused(uint64_t generation, const std::string& reason);

  void follow_endpoints(const config::Model& also);
  void serve_metrics();
  void beat();
  void read_events();
  void observe_traffic();
  void look_for_loops();
  void consider_ready();
  void publish_metrics();
  std::shared_ptr<const MetricsView> metrics_view();
  std::string status_line() const;

  asio::io_context& io_;
  const std::string config_file_;
  const bool accept_removals_;
  const std::chrono::system_clock::time_point started_at_ = std::chrono::system_clock::now();
  const std::chrono::steady_clock::time_point started_;

  std::shared_ptr<const config::Model> model_;       // in force, or the first one
  std::shared_ptr<const RuleSet> rules_;             // of model_; null until the first compilation ends
  std::shared_ptr<const config::Model> boot_model_;  // what the running dataplane is taken to have read at its start
  const std::shared_ptr<const config::Model> own_boot_model_;
  std::optional<Configuration> unkept_;  // in force or about to be, to be kept when a dataplane has it
  std::optional<Candidate> candidate_;
  std::function<void()> after_candidate_;          // a reload that was read while candidate_ was on its way
  std::chrono::steady_clock::time_point sent_at_;  // candidate_'s image
  uint64_t generation_ = 0;                        // the last one given out
  uint64_t acknowledged_ = 0;
  uint64_t job_ = 0;  // the compilation that counts; others are stale
  bool reading_ = false;
  bool reload_again_ = false;
  bool ready_ = false;
  unsigned beats_ = 0;
  uint64_t reloads_succeeded_ = 0;
  uint64_t reloads_failed_ = 0;
  std::string last_failure_;
  std::optional<RefusedFile> refused_file_;                          // what is on disk now, as far as is known
  std::chrono::system_clock::time_point reloaded_at_ = started_at_;  // with success
  std::string fatal_error_;

  std::optional<DataplaneSession> session_;
  uint64_t session_pid_ = 0;  // of the dataplane that was connected last
  EndpointSlots slots_;
  RecentMemoryShare recent_share_;
  EventReader event_reader_;
  EventLog event_log_;
  DataplaneLink link_;
  HealthChecker health_;
  TrafficReader traffic_reader_;
  LoopProber loops_;
  NextHopMirror next_hops_;
  asio::steady_timer heartbeat_;
  asio::signal_set reload_signal_;
  FileWatch watch_;
  AdminServer admin_;

  std::mutex view_lock_;  // the scrape's threads take the pointer, nothing else
  std::shared_ptr<const MetricsView> view_;
  std::shared_ptr<const config::EndpointStatePage> view_page_;
  std::unique_ptr<MetricsServer> metrics_;
  std::string metrics_failure_;  // why nobody serves them; empty: they are served, or not wanted
  RuleLoader loader_;
};

}  // namespace penstock::control
