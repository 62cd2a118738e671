#include "dataplane/housekeeping/next_hop_follower.h"

namespace penstock {

std::vector<NextHopFollower::Followed> NextHopFollower::follow(const std::vector<net::MacChange>& seen,
                                                               config::EndpointStatePage& page, uint64_t now_ns) {
  for (const net::MacChange& change : seen)
    if (seen_.size() < kMost) seen_.push_back({change, now_ns});
  if (seen_.empty()) return {};
  if (now_ns < page.heartbeat_ns.load(std::memory_order_relaxed) + kSecondNs) {
    std::erase_if(seen_, [now_ns](const Seen& one) { return now_ns - one.at_ns > kKeepNs; });
    return {};
  }
  std::vector<Followed> followed;
  for (const Seen& one : seen_)
    if (const unsigned endpoints = write(one.change, page); endpoints != 0) followed.push_back({one.change, endpoints});
  seen_.clear();
  return followed;
}

unsigned NextHopFollower::write(const net::MacChange& change, config::EndpointStatePage& page) const {
  const auto is_moved = [&](const config::EndpointState& state) {
    return state.family != 0 && state.reachable != 0 && state.vlan == 0 && state.port < interface_of_port_.size() &&
           interface_of_port_[state.port] == change.interface && state.mac == change.from;
  };
  unsigned moved = 0;
  for (const config::SharedEndpointState& slot : page.slots) moved += is_moved(slot.load()) ? 1 : 0;
  if (moved == 0) return 0;
  config::write_slots(page, [&](auto& slots) {
    for (config::SharedEndpointState& slot : slots) {
      config::EndpointState state = slot.load();
      if (!is_moved(state)) continue;
      state.mac = change.to;
      slot.store(state);
    }
  });
  // A control that woke just now may have written at the same time and left the same number: lcores look once more.
  page.sequence.fetch_add(2, std::memory_order_release);
  return moved;
}

}  // namespace penstock
