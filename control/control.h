// control/control.h - owns the parts of penstock-control, and has each told what others find out. It decides nothing itself: the life of
// rules is lifecycle/, what others see of it is view/. All of it runs on the io_context's thread.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "control/admin/operations.h"
#include "control/admin/server.h"
#include "control/events/event_log.h"
#include "control/events/event_reader.h"
#include "control/file_watch.h"
#include "control/health/health_checker.h"
#include "control/health/traffic_reader.h"
#include "control/lifecycle/rule_lifecycle.h"
#include "control/link/dataplane_link.h"
#include "control/link/endpoint_slots.h"
#include "control/metrics/metrics_server.h"
#include "control/neighbours/next_hop_mirror.h"
#include "control/queries/answer_counts.h"
#include "control/queries/dnstap/dnstap.h"
#include "control/queries/query_log.h"
#include "control/view/memory_share.h"
#include "control/view/shared_view.h"

namespace penstock::control {

class Control : private Operations {
 public:
  // Opens the admin socket, and throws std::runtime_error when it cannot be had. A metrics port that cannot is tried again.
  // `hand` changes the kernel's neighbour entries and outlives us; nullptr: this process does, and needs the right to.
  Control(asio::io_context&, RuleStart, NeighbourHand* hand = nullptr);
  ~Control() override;

  void start();
  // No work is left on the io_context afterwards, and what must be on the disk is.
  void stop();
  // Rules are being read or compiled, or a user is looked up, which nobody wants after stop().
  bool is_loading() const { return lifecycle_.is_loading() || admin_.is_looking_up(); }
  // Why the process must end although nobody asked; empty: it need not.
  const std::string& fatal_error() const { return lifecycle_.fatal_error(); }

 private:
  StatusView view() override;
  void reload(const ReloadRequest&, std::function<void(const ReloadResult&)>) override;
  void look_at_file(bool accept_removals, bool undo_rollback, std::function<void(const Preview&)>) override;
  void source_of(uint64_t generation, std::function<void(const tl::expected<RuleSource, std::string>&)>) override;
  History history() override { return lifecycle_.history(); }
  void roll_back(uint64_t generation, const ReloadRequest&, std::function<void(const ReloadResult&)>) override;
  void lookup(const config::WireName&, const config::IpAddress& client,
              std::function<void(tl::expected<config::Found, std::string>)>) override;
  void flush(config::FlushScope, const config::WireName&,
             std::function<void(tl::expected<config::Flushed, std::string>)>) override;
  void browse(const config::Browse&, std::function<void(tl::expected<BrowsedPages, std::string>)>) override;
  void compose(const config::Compose&, std::function<void(tl::expected<config::Composed, std::string>)>) override;
  void judge(const config::Judge&, const std::vector<uint8_t>& answer,
             std::function<void(tl::expected<config::Judged, std::string>)>) override;
  void exchange(const ProbeTarget&, bool tcp, Probe::Done) override;
  void capture(const config::CaptureRequest&,
               std::function<void(tl::expected<config::SharedDescriptor, std::string>)>) override;
  size_t drain(const config::IpAddress&, bool drained) override;

  RuleLifecycle::Steps steps();
  DataplaneLink::Events link_events();
  void on_connected(const DataplaneSession&);
  void on_disconnected();
  void on_in_force();
  void on_reload_ended();

  void follow_endpoints(const config::Model& also);
  void serve_metrics();
  void renew_metrics_access();
  void await_signal();
  void beat();
  void await_beat();
  void read_events();
  void report(const config::Event&, std::chrono::steady_clock::time_point now);
  void observe_traffic();
  void watch_turns();
  void look_for_loops();
  void consider_ready();
  void publish_view();

  asio::io_context& io_;
  const std::chrono::system_clock::time_point started_at_ = std::chrono::system_clock::now();
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  bool ready_ = false;
  unsigned beats_ = 0;
  std::optional<DataplaneSession> session_;

  EndpointSlots slots_;
  RuleLifecycle lifecycle_;
  RecentMemoryShare recent_share_;
  TurnWatch turn_watch_;
  std::vector<HungLcore> hung_lcores_;
  EventReader event_reader_;
  EventLog event_log_;
  QueryLog query_log_;
  AnswerCounts answer_counts_;
  Dnstap dnstap_;
  DataplaneLink link_;
  HealthChecker health_;
  TrafficReader traffic_reader_;
  LoopProber loops_;
  NextHopMirror next_hops_;
  asio::steady_timer heartbeat_;
  asio::signal_set reload_signal_;
  FileWatch watch_;
  AdminServer admin_;
  std::list<std::weak_ptr<Probe>> exchanges_;  // of explain --send, some over already

  SharedView shared_view_;
  std::unique_ptr<MetricsServer> metrics_;
  std::string metrics_warning_;  // why it has an old certificate; empty: it has not
  std::string metrics_failure_;  // why nobody serves them; empty: they are served, or not wanted
};

}  // namespace penstock::control
