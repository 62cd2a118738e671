// dataplane/housekeeping/host_keeper.h - keeps who we are up to date: what changes on the ports' interfaces (host_follower) is put in
// force for lcores, slow lane and filters, and gateways are called.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "config/contract/log_rate.h"
#include "dataplane/housekeeping/host_follower.h"
#include "dataplane/housekeeping/response_filter.h"
#include "dataplane/net/kernel/interface_watch.h"
#include "dataplane/parts.h"

namespace penstock {

HostFollower::Port followed_port(const net::OpenPort& open, const config::Port& written);

class HostKeeper {
 public:
  using Time = std::chrono::steady_clock::time_point;

  HostKeeper(Parts& parts, ResponseFilter& filter) : parts_(parts), filter_(filter) {}

  void watch();
  int fd() const { return interfaces_ ? interfaces_->fd() : -1; }  // readable: the kernel has said something
  // To be called often.
  void tick(Time now);
  // For the end of the process: no address is listened to any more, and changes are not followed. What was asked before is still answered.
  void listen_no_more();

 private:
  void call_gateways(Time now);
  void put_in_force(const HostFollower::Change& change, std::unique_ptr<const tables::LocalHost> next);
  void listen(const config::IpAddress& address);
  void leave(const config::IpAddress& address);
  void renew_filter();
  void count();

  Parts& parts_;
  ResponseFilter& filter_;
  HostFollower follower_;
  std::optional<net::InterfaceWatch> interfaces_;
  Time followed_at_{};
  Time changed_at_{};
  Time gateways_called_at_{};
  uint64_t paths_refused_ = 0;                   // when gateways were called
  std::vector<config::IpAddress> not_listened_;  // addresses that something went wrong with when they came
  bool is_old_ = false;                          // the kernel has said something since it was followed
  config::LogRate lines_{20};
};

}  // namespace penstock
