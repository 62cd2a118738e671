#include "dataplane/state/endpoint_hops.h"

#include <cstring>

namespace penstock::state {

void EndpointHops::refresh(const tables::Ruleset& rules, const config::EndpointStatePage& page, unsigned port_count) {
  const uint64_t before = page.sequence.load(std::memory_order_acquire);
  const auto endpoints = rules.endpoints();
  for (size_t i = 0; i < endpoints.size(); ++i) {
    const config::ImageEndpoint& endpoint = endpoints[i];
    const config::EndpointState state = page.slots[endpoint.slot].load();
    EndpointHop& hop = hops_[i];
    std::memcpy(hop.address.data(), endpoint.address, sizeof endpoint.address);
    hop.family = endpoint.family;
    hop.slot = endpoint.slot;
    // A slot that control has given to another endpoint since these rules were compiled says nothing about this one.
    const bool ours = state.family == endpoint.family && state.address == hop.address;
    hop.source = state.source;
    hop.mac = state.mac;
    hop.vlan = state.vlan;
    hop.port = state.port;
    hop.reachable = ours && state.reachable != 0 && state.port < port_count;
    hop.down = ours && state.health == config::Health::down;
    hop.drained = ours && state.drained != 0;
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  const uint64_t after = page.sequence.load(std::memory_order_relaxed);
  sequence_ = before == after && (before & 1) == 0 ? before : ~uint64_t{0};
}

}  // namespace penstock::state
