// dataplane/dataplane.h - puts the parts together: ports, lcores, rules, link and doors, in the order in which they depend.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/log_rate.h"
#include "config/model.h"
#include "dataplane/control_link.h"
#include "dataplane/endpoint_meter.h"
#include "dataplane/flood_police.h"
#include "dataplane/host_follower.h"
#include "dataplane/net/eal.h"
#include "dataplane/net/kernel/door.h"
#include "dataplane/net/kernel/interface_watch.h"
#include "dataplane/net/kernel/neighbour_watch.h"
#include "dataplane/net/pools/mbuf_pool.h"
#include "dataplane/net/pools/stream_pool.h"
#include "dataplane/net/ports.h"
#include "dataplane/next_hop_follower.h"
#include "dataplane/slow/slow_lane.h"
#include "dataplane/worker.h"

namespace penstock {

class Dataplane {
 public:
  // Everything up to polling lcores; the error says what failed and what would help.
  static tl::expected<std::unique_ptr<Dataplane>, std::string> start(const config::Model& model);
  ~Dataplane();

  // The main thread's life: link, doors, heartbeat. Returns when `signals` (a signalfd) is readable.
  void run(int signals);

 private:
  explicit Dataplane(const config::Model& model) : model_(model) {}
  tl::expected<void, std::string> open_ports();
  tl::expected<void, std::string> describe_host();
  HostFollower::Port followed(size_t port) const;
  void watch_host();
  void follow_host(std::chrono::steady_clock::time_point now);
  void call_gateways(std::chrono::steady_clock::time_point now);
  void put_in_force(const HostFollower::Change& change, std::unique_ptr<const tables::LocalHost> next);
  void renew_filter();
  std::vector<std::vector<net::Mac>> macs_of_ports() const;
  void make_workers();
  void open_slow_lane();
  tl::expected<void, std::string> load_last_good();
  tl::expected<void, std::string> open_link();
  tl::expected<void, std::string> allow_responses_from(std::span<const config::IpAddress> endpoints);
  tl::expected<void, std::string> filter_for(std::span<const config::IpAddress> endpoints);
  void retire_endpoints(std::chrono::steady_clock::time_point now);
  void warn_of_neighbours(const config::IpAddress& listen) const;
  void give_up_rights();
  void launch();
  bool has_doors() const;
  unsigned move_through_doors();
  void watch_heartbeat();
  void watch_neighbours();
  void follow_next_hops();
  void keep_endpoints(std::chrono::steady_clock::time_point now);
  void stop_floods();
  void renew_cookies();
  void count_answers();
  void count_losses(std::chrono::steady_clock::time_point now);

  config::Model model_;
  net::EalInfo eal_;
  net::PoolPointer pool_;
  std::optional<net::StreamPool> stream_pool_;
  std::unique_ptr<net::Ports> ports_;
  config::SourcePorts source_ports_;
  std::unique_ptr<const tables::LocalHost> host_;  // in force; what changes on the ports' interfaces makes another
  std::unique_ptr<tables::LocalHost>
      start_host_;  // as it was at start: what never changes is looked up there by the slow lane
  HostFollower host_follower_;
  std::optional<net::InterfaceWatch> interfaces_;
  std::chrono::steady_clock::time_point host_followed_at_{};
  std::chrono::steady_clock::time_point host_changed_at_{};
  std::chrono::steady_clock::time_point gateways_called_at_{};
  uint64_t paths_refused_ = 0;                   // when gateways were called
  std::vector<config::IpAddress> not_listened_;  // addresses that something went wrong with when they came
  bool host_is_old_ = false;                     // the kernel has said something since it was followed
  bool filter_is_old_ = false;                   // it could not be brought up to date, and is tried again
  config::LogRate address_lines_{20};
  config::LogRate heartbeat_lines_{6};
  config::LogRate hop_lines_{20};
  std::unique_ptr<SharedPages> pages_;
  std::unique_ptr<Publisher> publisher_;
  std::unique_ptr<state::Rings> rings_;
  std::unique_ptr<state::RateBudgets> budgets_;
  std::unique_ptr<state::AnswerCache> answers_;
  std::unique_ptr<state::PoolReturns> returns_;
  std::unique_ptr<state::EdnsMemory> no_edns_;
  std::unique_ptr<state::RateLimits> limits_;
  std::unique_ptr<state::CookieKeys> cookies_;
  EndpointMeter meter_;
  FloodPolice flood_police_{{
      .police = [this](const auto& client, uint32_t per_second) { return ports_->police(client, per_second); },
      .release = [this](const auto& client) { ports_->release(client); },
      .dropped_of = [this](const auto& client) { return ports_->dropped_of(client); },
      .is_proved =
          [this](const auto& client, uint64_t now) {
            const auto network = state::ClientLevel::network;
            return limits_->proved.holds(limits_->key_of_client(client.bytes, client.family, network), now);
          },
  }};
  std::unique_ptr<Plant> plant_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<slow::SlowLane> slow_lane_;
  std::unique_ptr<ControlLink> link_;
  std::optional<net::NeighbourWatch> neighbours_;
  NextHopFollower next_hops_{{}};
  std::vector<unsigned> exit_of_port_;        // an lcore that owns a queue of it
  std::vector<bool> door_is_broken_;          // by port; said once
  std::vector<config::IpAddress> endpoints_;  // of the rules in force
  std::optional<std::chrono::steady_clock::time_point> retire_at_;
  uint64_t kept_sequence_ = 0;  // of the endpoint page that is on disk
  std::chrono::steady_clock::time_point kept_at_{};
  std::chrono::steady_clock::time_point losses_counted_at_{};
  bool launched_ = false;
};

}  // namespace penstock
