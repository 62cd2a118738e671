#include "dataplane/housekeeping/host_follower.h"

#include <algorithm>
#include <utility>

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

// Tags of the networks behind the port, by interface: its own, and those that stand on it. What has two tags, or another than 802.1Q's,
// stays with the kernel.
std::map<int, uint16_t> tags_of(const net::InterfaceTable& kernel, int port) {
  std::map<int, uint16_t> tags{{port, 0}};
  for (const auto& [index, upper] : kernel.on(port)) {
    std::vector<uint16_t> written;
    bool is_ours = true;
    for (const net::KernelInterface* at = upper; at != nullptr;
         at = at->below == port ? nullptr : kernel.find(at->below)) {
      if (at->vlan) written.push_back(*at->vlan);
      is_ours = is_ours && !at->service_vlan;
    }
    if (is_ours && written.size() <= 1) tags[index] = written.empty() ? 0 : written.front();
  }
  return tags;
}

bool set_vlans(const HostFollower::Port& port, const std::map<int, uint16_t>& tags, tables::LocalPort& local) {
  const auto before = std::exchange(local.vlans, {});
  for (const uint16_t tag : port.vlans) local.vlans.set(tag);
  if (port.vlans.empty())
    for (const auto& [index, tag] : tags) local.vlans.set(tag);
  return local.vlans != before;
}

tables::ReversePath::Parts written_path(const HostFollower::Port& port, const tables::LocalPort& local) {
  tables::ReversePath::Parts path;
  for (uint16_t tag = 0; tag < local.vlans.size(); ++tag)
    for (const net::Mac& mac : port.gateways)
      if (local.vlans[tag]) path.gateways.push_back({tag, mac});
  return path;
}

bool set_reverse_path(const net::InterfaceTable& kernel, const HostFollower::Port& port,
                      const std::map<int, uint16_t>& tags, tables::LocalPort& local,
                      std::vector<HostFollower::Gateway>& gateways) {
  tables::ReversePath::Parts path = written_path(port, local);
  for (const auto& [index, tag] : tags) {
    // Nobody else uses our own addresses.
    if (const net::KernelInterface* interface = kernel.find(index))
      for (const net::InterfaceAddress& one : interface->addresses)
        path.neighbours.push_back({tag, one.address, interface->mac});
    const net::Neighbours* known = kernel.neighbours(index);
    if (known == nullptr) continue;
    for (const config::IpPrefix& network : known->on_link) path.on_link.push_back({tag, network});
    for (const auto& [address, mac] : known->macs) path.neighbours.push_back({tag, address, mac});
    for (const config::IpAddress& address : known->gateways) {
      const auto at = known->macs.find(address);
      gateways.push_back({index, address, at != known->macs.end()});
      if (at != known->macs.end()) path.gateways.push_back({tag, at->second});
    }
  }
  auto now = std::make_shared<const tables::ReversePath>(std::move(path));
  if (local.reverse_path && *local.reverse_path == *now) return false;
  local.reverse_path = std::move(now);
  return true;
}

}  // namespace

void HostFollower::start(const Port& port, tables::LocalPort& local) {
  set_vlans(port, {{port.interface, 0}}, local);
  if (port.is_strict) local.reverse_path = std::make_shared<const tables::ReversePath>(written_path(port, local));
}

HostFollower::Change HostFollower::follow(const net::InterfaceTable& kernel, tables::LocalHost& host, Time now) {
  Change change;
  without_place_ = 0;
  ports_gone_ = 0;
  gateways_.clear();
  kept_out_.clear();
  if (follows_listen_) follow_listen(kernel, host, now, change);
  for (unsigned i = 0; i < ports_.size(); ++i) {
    if (ports_[i].interface == 0) continue;
    const net::KernelInterface* interface = kernel.find(ports_[i].interface);
    if (interface == nullptr) {
      ++ports_gone_;
      continue;
    }
    change.macs = set_macs(kernel, ports_[i], *interface, host, host.ports[i]) || change.macs;
    const auto tags = tags_of(kernel, ports_[i].interface);
    change.vlans = set_vlans(ports_[i], tags, host.ports[i]) || change.vlans;
    if (!ports_[i].vlans.empty()) keep_out(kernel, ports_[i], tags);
    if (ports_[i].is_strict)
      change.reverse_path = set_reverse_path(kernel, ports_[i], tags, host.ports[i], gateways_) || change.reverse_path;
  }
  return change;
}

void HostFollower::keep_out(const net::InterfaceTable& kernel, const Port& port, const std::map<int, uint16_t>& tags) {
  const auto is_served = [&](int index) {
    const auto at = tags.find(index);
    return at != tags.end() && std::find(port.vlans.begin(), port.vlans.end(), at->second) != port.vlans.end();
  };
  if (!is_served(port.interface)) kept_out_.push_back(port.interface);
  for (const auto& [index, upper] : kernel.on(port.interface))
    if (!is_served(index)) kept_out_.push_back(index);
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
