#include "control/lifecycle/restart_needs.h"

#include <algorithm>

namespace penstock::control {
namespace {

bool same_ports(const std::vector<config::Port>& a, const std::vector<config::Port>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const config::Port& x, const config::Port& y) {
    return x.name == y.name && x.kind == y.kind && x.device == y.device && x.vlans == y.vlans &&
           x.strict_reverse_path == y.strict_reverse_path && x.gateways == y.gateways;
  });
}

bool same_source_ports(const std::optional<config::SourcePorts>& a, const std::optional<config::SourcePorts>& b) {
  if (a.has_value() != b.has_value()) return false;
  return !a || (a->first == b->first && a->count == b->count);
}

}  // namespace

std::vector<std::string> restart_needs(const config::Model& was, const config::Model& now) {
  std::vector<std::string> needs;
  const auto compare = [&needs](bool same, const char* key, const char* program) {
    if (!same) needs.push_back(std::string(key) + " changed: restart " + program);
  };
  const char* dataplane = "penstock-dataplane";
  compare(same_ports(was.ports, now.ports), "ports", dataplane);
  compare(was.listen == now.listen, "listen", dataplane);
  compare(was.lcores == now.lcores, "lcores", dataplane);
  compare(was.idle == now.idle, "idle", dataplane);
  compare(was.dataplane.eal == now.dataplane.eal, "dataplane.eal", dataplane);
  compare(was.dataplane.state_dir == now.dataplane.state_dir, "dataplane.state_dir", dataplane);
  compare(was.dataplane.pending == now.dataplane.pending, "dataplane.pending", dataplane);
  compare(was.dataplane.cache_size == now.dataplane.cache_size, "dataplane.cache_size", dataplane);
  compare(was.dataplane.identity == now.dataplane.identity, "dataplane.identity", dataplane);
  compare(was.dataplane.version == now.dataplane.version, "dataplane.version", dataplane);
  compare(same_source_ports(was.dataplane.source_ports, now.dataplane.source_ports), "dataplane.source_ports",
          dataplane);
  // Without source_ports they decide how many there are (config/source_ports.h).
  compare(was.dataplane.port_budget == now.dataplane.port_budget, "dataplane.port_budget", dataplane);
  compare(was.dataplane.nodes == now.dataplane.nodes, "dataplane.nodes", dataplane);
  compare(was.dataplane.tcp == now.dataplane.tcp, "dataplane.tcp", dataplane);
  compare(was.dataplane.socket == now.dataplane.socket, "dataplane.socket", "both programs");
  compare(was.control.socket == now.control.socket, "control.socket", "penstock-control");
  compare(was.control.watch == now.control.watch, "control.watch", "penstock-control");
  compare(was.metrics_listen == now.metrics_listen, "metrics.listen", "penstock-control");
  return needs;
}

std::vector<std::string> unfollowed(const config::CounterPage& page) {
  std::vector<std::string> needs;
  if (page.interfaces_followed.get() == 0 && page.generation.get() != 0)
    needs.push_back(
        "changes on the ports' interfaces are not followed: restart penstock-dataplane after such a change");
  if (const uint64_t gone = page.ports_gone.get(); gone != 0)
    needs.push_back("the interface of " + std::to_string(gone) + (gone == 1 ? " port is" : " ports are") +
                    " gone: restart penstock-dataplane when it is back");
  if (const uint64_t missed = page.listen_not_followed.get(); missed != 0)
    needs.push_back(std::to_string(missed) +
                    " address changes on the ports' interfaces could not be followed (see the log of "
                    "penstock-dataplane): restart penstock-dataplane");
  return needs;
}

}  // namespace penstock::control
