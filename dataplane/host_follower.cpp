#include "dataplane/host_follower.h"

#include <algorithm>

namespace penstock {
namespace {

bool is_listened_to(const tables::LocalHost& host, const config::IpAddress& address) {
  return host.listen_index(address.family, address.bytes) != tables::LocalHost::kNotListening;
}

// A VRRP router's MAC is ours while its address is.
bool has_our_address(const net::KernelInterface& interface, const tables::LocalHost& host) {
  return interface.up &&
         std::any_of(interface.addresses.begin(), interface.addresses.end(),
                     [&](const net::InterfaceAddress& one) { return is_listened_to(host, one.address); });
}

bool set_macs(const net::InterfaceTable& kernel, const HostFollower::Port& port, const net::KernelInterface& interface,
              const tables::LocalHost& host, tables::LocalPort& local) {
  tables::LocalPort now = local;
  if (port.is_kernels) now.mac = interface.mac;
  now.more_mac_count = 0;
  const auto add = [&now](const std::array<uint8_t, 6>& mac) {
    if (now.has_mac(mac.data()) || now.more_mac_count == tables::LocalPort::kMoreMacs) return;
    now.more_macs[now.more_mac_count++] = mac;
  };
  add(interface.mac);
  for (const auto& [index, upper] : kernel.on(port.interface))
    if (has_our_address(*upper, host)) add(upper->mac);
  const auto end = now.more_macs.begin() + now.more_mac_count;
  const bool same = now.mac == local.mac && now.more_mac_count == local.more_mac_count &&
                    std::equal(now.more_macs.begin(), end, local.more_macs.begin());
  local = now;
  return !same;
}

}  // namespace

HostFollower::Change HostFollower::follow(const net::InterfaceTable& kernel, tables::LocalHost& host, Time now) {
  Change change;
  without_place_ = 0;
  ports_gone_ = 0;
  if (follows_listen_) follow_listen(kernel, host, now, change);
  for (unsigned i = 0; i < ports_.size(); ++i) {
    if (ports_[i].interface == 0) continue;
    const net::KernelInterface* interface = kernel.find(ports_[i].interface);
    if (interface == nullptr)
      ++ports_gone_;
    else if (set_macs(kernel, ports_[i], *interface, host, host.ports[i]))
      change.macs = true;
  }
  return change;
}

void HostFollower::follow_listen(const net::InterfaceTable& kernel, tables::LocalHost& host, Time now, Change& change) {
  std::vector<config::IpAddress> wanted;
  for (const Port& port : ports_) {
    const net::KernelInterface* interface = port.interface != 0 ? kernel.find(port.interface) : nullptr;
    if (interface == nullptr) continue;
    for (const net::InterfaceAddress& one : interface->addresses)
      if (!config::is_link_local(one.address)) wanted.push_back(one.address);
  }
  for (unsigned i = 0; i < host.listen().size(); ++i) {
    const config::IpAddress address = host.listen(i);
    if (address.family == 0 || std::find(wanted.begin(), wanted.end(), address) != wanted.end()) continue;
    host.retire_listen(i);
    retired_[i] = {address, now};
    change.removed.push_back(address);
  }
  for (const config::IpAddress& address : wanted) {
    if (is_listened_to(host, address)) continue;
    if (place(address, host, now))
      change.added.push_back(address);
    else
      ++without_place_;
  }
}

// The place that it had, else a new one, else that of whoever has been gone for long.
bool HostFollower::place(const config::IpAddress& address, tables::LocalHost& host, Time now) {
  auto at = std::find_if(retired_.begin(), retired_.end(),
                         [&](const auto& retired) { return retired.second.address == address; });
  if (at == retired_.end()) {
    if (host.add_listen(address)) return true;
    at = std::find_if(retired_.begin(), retired_.end(),
                      [&](const auto& retired) { return now - retired.second.at >= kAnswersFor; });
    if (at == retired_.end()) return false;
  }
  host.reuse_listen(at->first, address);
  retired_.erase(at);
  return true;
}

}  // namespace penstock
