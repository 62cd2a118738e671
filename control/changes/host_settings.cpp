#include "control/changes/host_settings.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace penstock::control {
namespace {

template <typename List>
std::string joined(const List& list) {
  std::string text;
  for (const auto& item : list) {
    text += text.empty() ? "" : ", ";
    if constexpr (requires { config::to_string(item); })
      text += config::to_string(item);
    else if constexpr (requires { std::to_string(item); })
      text += std::to_string(item);
    else
      text += item;
  }
  return text;
}

std::string mac_text(const std::array<uint8_t, 6>& mac) {
  char text[18];
  std::snprintf(text, sizeof text, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
  return text;
}

// All settings are named: one that is added does not compile.
std::string port_text(const config::Port& port) {
  static constexpr std::array kKinds{"af_xdp", "af_packet", "pci", "vdev"};
  const auto& [name, kind, device, vlans, strict_reverse_path, gateways, where] = port;
  static_cast<void>(where);
  std::string text = name + " " + kKinds.at(static_cast<size_t>(kind)) + ":" + device;
  if (!vlans.empty()) text += " vlans " + joined(vlans);
  if (strict_reverse_path) text += " reverse_path strict";
  for (const auto& gateway : gateways) text += " gateway " + mac_text(gateway);
  return text;
}

std::string ports_text(const std::vector<config::Port>& ports) {
  std::string text;
  for (const config::Port& port : ports) text += (text.empty() ? "" : "; ") + port_text(port);
  return text;
}

std::string tcp_text(const config::Tcp& tcp) {
  const auto& [connections, connections_per_client, idle_timeout] = tcp;
  return "connections " + std::to_string(connections) + ", per client " + std::to_string(connections_per_client) +
         ", idle " + std::to_string(idle_timeout.count()) + " ms";
}

std::string source_ports_text(const std::optional<config::SourcePorts>& ports) {
  if (!ports) return "chosen by the host";
  const auto& [first, count] = *ports;
  return std::to_string(count) + " from " + std::to_string(first);
}

std::string or_else(const std::string& text, const char* otherwise) {
  return text.empty() ? otherwise : text;
}

std::string log_text(const config::Log& log) {
  static constexpr std::array kLevels{"debug", "info", "warning", "error"};
  static_assert(kLevels.size() == config::kCountOf<config::LogLevel>);
  const auto& [as_json, level, local_time] = log;
  return std::string(as_json ? "json" : "text") + ", level " + kLevels.at(static_cast<size_t>(level)) + ", time " +
         (local_time ? "local" : "utc");
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

constexpr const char* kDataplane = "penstock-dataplane";
constexpr const char* kControl = "penstock-control";

void add_dataplane(std::vector<HostSetting>& of, const config::Dataplane& dataplane) {
  const auto& [eal, socket, state_dir, source_ports, port_budget, nodes, pending, cache_size, query_timeout, tcp,
               identity, version] = dataplane;
  static_cast<void>(query_timeout);  // in force with the rules
  of.push_back({"dataplane.eal", or_else(joined(eal), "none"), kDataplane});
  of.push_back({"dataplane.state_dir", state_dir, kDataplane});
  of.push_back({"dataplane.pending", std::to_string(pending), kDataplane});
  of.push_back({"dataplane.cache_size", std::to_string(cache_size), kDataplane});
  of.push_back({"dataplane.identity", identity ? quoted(*identity) : "the host's name", kDataplane});
  of.push_back({"dataplane.version", quoted(version), kDataplane});
  of.push_back({"dataplane.source_ports", source_ports_text(source_ports), kDataplane});
  // Without source_ports they decide how many there are (config/source_ports.h).
  of.push_back({"dataplane.port_budget", std::to_string(port_budget), kDataplane});
  of.push_back({"dataplane.nodes", std::to_string(nodes), kDataplane});
  of.push_back({"dataplane.tcp", tcp_text(tcp), kDataplane});
  of.push_back({"dataplane.socket", socket, "both programs"});
}

}  // namespace

std::vector<HostSetting> host_settings(const config::Model& model) {
  std::vector<HostSetting> of;
  of.push_back({"ports", ports_text(model.ports), kDataplane});
  of.push_back({"listen", or_else(joined(model.listen), "every address of the ports"), kDataplane});
  of.push_back({"lcores", model.lcores ? std::to_string(*model.lcores) : "auto", kDataplane});
  of.push_back({"idle", model.idle == config::Idle::busy ? "busy" : "adaptive", kDataplane});
  add_dataplane(of, model.dataplane);
  const auto& [socket, watch, look, change] = model.control;
  static_cast<void>(look), static_cast<void>(change);  // in force with the rules
  of.push_back({"control.socket", socket, kControl});
  of.push_back({"control.watch", watch ? "on" : "off", kControl});
  // Control follows at once.
  of.push_back({"log", log_text(model.log), kDataplane});
  of.push_back({"metrics.listen", model.metrics_listen.value_or("off"), kControl});
  return of;
}

std::vector<std::string> restarts_between(const std::vector<HostSetting>& was, const std::vector<HostSetting>& now) {
  std::vector<std::string> needs;
  for (const HostSetting& setting : now) {
    const auto before =
        std::find_if(was.begin(), was.end(), [&](const HostSetting& other) { return other.key == setting.key; });
    if (before == was.end() || before->value != setting.value)
      needs.push_back(setting.key + " changed: restart " + setting.program);
  }
  return needs;
}

std::vector<std::string> restarts_for(const StartedWith& started, const std::vector<HostSetting>& now) {
  std::vector<std::string> needs = restarts_between(started.dataplane, now);
  for (std::string& need : restarts_between(started.control, now))
    if (need.find("restart penstock-control") != std::string::npos &&
        std::find(needs.begin(), needs.end(), need) == needs.end())
      needs.push_back(std::move(need));
  return needs;
}

}  // namespace penstock::control
