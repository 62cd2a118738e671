#include "dataplane/state/endpoints/endpoint_hops.h"

#include <algorithm>
#include <cstring>

namespace penstock::state {

void EndpointHops::refresh(const tables::Ruleset& rules, const config::EndpointStatePage& page, unsigned port_count,
                           uint64_t now) {
  const uint64_t before = page.sequence.load(std::memory_order_acquire);
  const config::ImageEndpoints endpoints = rules.endpoints();
  for (const config::EndpointIndex i : endpoints.indices()) {
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
    hop.errs = ours && state.errs != 0;
    hop.drained = ours && state.drained != 0;
    hop.echoes_case = ours && state.echoes_case == config::kCaseRepeated;
    hop.budget = endpoint.budget;
    Seen& seen = seen_[endpoint.slot];
    const config::EndpointSlot owner = endpoints[rules.pool(endpoint.pool).first_endpoint].slot;
    owners_[endpoint.slot] = owner;
    if (seen.down && ours && !hop.down) seen.back_at = came_up_at_[owner] = std::max<uint64_t>(now, 1);
    if (!seen.down && hop.down) seen.down_at = now;
    if (hop.down || now - seen.back_at >= kRampNs) seen.back_at = 0;
    if (ours) seen.down = hop.down;
    hop.back_at = seen.back_at;
  }
  orders.arrange(rules, HopsOfRules(hops_.part(config::EndpointIndex{0}, endpoints.size())));
  ramp_ends_ = ~uint64_t{0};
  for (const config::EndpointIndex i : endpoints.indices()) {
    seen_[hops_[i].slot].back_at = hops_[i].back_at;
    if (hops_[i].back_at != 0) ramp_ends_ = std::min(ramp_ends_, hops_[i].back_at + kRampNs);
  }
  std::atomic_thread_fence(std::memory_order_acquire);
  const uint64_t after = page.sequence.load(std::memory_order_relaxed);
  sequence_ = before == after && (before & 1) == 0 ? before : ~uint64_t{0};
}

}  // namespace penstock::state
