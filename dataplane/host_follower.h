// dataplane/host_follower.h - follows what the kernel changes on the ports' interfaces: MACs, and addresses where `listen` is not written.
//
// Pure: from what the kernel has now to who we are now. Main thread only.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "dataplane/net/interface_watch.h"
#include "dataplane/tables/local_host.h"

namespace penstock {

class HostFollower {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // What an address was asked is answered from it for so long; then its place may go to another.
  static constexpr std::chrono::seconds kAnswersFor{60};

  struct Port {
    int interface = 0;  // index; 0: the kernel has none
    bool is_kernels =
        false;  // frames leave under the interface's MAC (af_xdp, af_packet), not under one of the card's own
    bool operator==(const Port&) const = default;
  };
  struct Change {
    std::vector<config::IpAddress> added;
    std::vector<config::IpAddress> removed;
    bool macs = false;
    explicit operator bool() const { return macs || !added.empty() || !removed.empty(); }
  };

  HostFollower() = default;
  // `follows_listen`: every address of the ports' interfaces is listened to.
  HostFollower(std::vector<Port> ports, bool follows_listen)
      : ports_(std::move(ports)), follows_listen_(follows_listen) {}

  // Makes `host` what the kernel has. The caller puts it in force.
  Change follow(const net::InterfaceTable& kernel, tables::LocalHost& host, Time now);

  // After the last call: addresses that there was no place for, ports whose interface is not there any more.
  size_t without_place() const { return without_place_; }
  size_t ports_gone() const { return ports_gone_; }

 private:
  void follow_listen(const net::InterfaceTable& kernel, tables::LocalHost& host, Time now, Change& change);
  bool place(const config::IpAddress& address, tables::LocalHost& host, Time now);

  std::vector<Port> ports_;
  bool follows_listen_ = false;
  struct Retired {
    config::IpAddress address;
    Time at;
  };
  std::map<unsigned, Retired> retired_;  // by index
  size_t without_place_ = 0;
  size_t ports_gone_ = 0;
};

}  // namespace penstock
