// dataplane/housekeeping/host_follower.h - follows what the kernel changes on the ports' interfaces: MACs, VLANs, addresses where `listen` is not
// written, and who may use which address where `reverse_path` is strict.
//
// Pure: from what the kernel has now to who we are now. Main thread only.
#pragma once

#include <array>
#include <chrono>
#include <map>
#include <optional>
#include <vector>

#include "dataplane/net/filter/filter_rules.h"
#include "dataplane/net/kernel/interface_watch.h"
#include "dataplane/tables/local_host.h"

namespace penstock {

class HostFollower {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // What an address was asked is answered from it for so long; then its place may go to another.
  static constexpr std::chrono::seconds kAnswersFor{60};

  struct Port {
    int interface = 0;  // index; 0: the kernel has none
    // Frames leave under the interface's MAC (af_xdp, af_packet), not under one of the card's own.
    bool is_kernels = false;
    std::vector<uint16_t> vlans = {};     // as written; empty: untagged, and those that the kernel has on the port
    bool is_strict = false;               // `reverse_path: strict`
    std::vector<net::Mac> gateways = {};  // as written, beside those of the kernel's routes
    bool operator==(const Port&) const = default;
  };
  struct Change {
    std::vector<config::IpAddress> added;
    std::vector<config::IpAddress> removed;
    bool macs = false;
    bool vlans = false;
    bool reverse_path = false;  // who may use which address
    explicit operator bool() const { return is_for_filter() || vlans || reverse_path; }
    bool is_for_filter() const { return macs || !added.empty() || !removed.empty(); }
  };
  // Of a port with `is_strict`.
  struct Gateway {
    int interface = 0;  // index
    config::IpAddress address;
    bool is_known = false;  // its MAC is
  };

  HostFollower() = default;
  // `follows_listen`: every address of the ports' interfaces is listened to.
  HostFollower(std::vector<Port> ports, bool follows_listen)
      : ports_(std::move(ports)), follows_listen_(follows_listen) {}

  // What holds before the kernel has said anything.
  static void start(const Port& port, tables::LocalPort& local);
  // Makes `host` what the kernel has. The caller puts it in force.
  Change follow(const net::InterfaceTable& kernel, tables::LocalHost& host, Time now);

  // After the last call: addresses that there was no place for, ports whose interface is not there any more.
  size_t without_place() const { return without_place_; }
  size_t ports_gone() const { return ports_gone_; }
  // Interfaces on ports, by index, whose VLAN `vlans` does not name: what the kernel takes from there is not served either.
  const std::vector<int>& kept_out() const { return kept_out_; }
  const std::vector<Gateway>& gateways() const { return gateways_; }

 private:
  void follow_listen(const net::InterfaceTable& kernel, tables::LocalHost& host, Time now, Change& change);
  void keep_out(const net::InterfaceTable& kernel, const Port& port, const std::map<int, uint16_t>& tags);
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
  std::vector<int> kept_out_;
  std::vector<Gateway> gateways_;
};

}  // namespace penstock
