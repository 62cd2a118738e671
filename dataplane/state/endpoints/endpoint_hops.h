// dataplane/state/endpoints/endpoint_hops.h - one lcore's copy of how each endpoint of its rules is reached and whether it is up.
//
// Copied from the shared page (config/contract/endpoint_state.h) when the page or the rules changed, so that a query reads one line.
#pragma once

#include <array>
#include <cstdint>

#include "config/contract/endpoint_state.h"
#include "dataplane/state/endpoints/pool_orders.h"
#include "dataplane/state/flights/pending.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::state {

struct alignas(64) EndpointHop {
  AddressBytes address;
  AddressBytes source;         // what a query to it leaves from
  std::array<uint8_t, 6> mac;  // the next hop's
  uint16_t vlan;               // tag control information, 0: untagged
  config::EndpointSlot slot;
  uint8_t family;
  uint8_t port;      // towards the next hop
  bool reachable;    // source, mac, vlan and port are known
  bool down;         // control's probes failed
  bool errs;         // they are answered, with errors
  bool drained;      // taken out by hand
  bool echoes_case;  // its answers repeat the letters of a name as they were asked
  uint32_t budget;   // queries/s of the whole dataplane, 0: none
  uint64_t back_at;  // ns: when it came back up, while that is recent and others carry the load; 0 otherwise
};
static_assert(sizeof(EndpointHop) == 64);

// An endpoint that was down gets its share back little by little: in this many ns.
constexpr uint64_t kRampNs = 10'000'000'000;

class EndpointHops {
 public:
  // Has the page moved since the last refresh, or is a ramp over? `now` in ns.
  bool stale(const config::EndpointStatePage& page, uint64_t now) const {
    return page.sequence.load(std::memory_order_acquire) != sequence_ || now >= ramp_ends_;
  }
  // Takes the page's words for all endpoints of `rules`. A page caught while it is written is taken as it is (each word is
  // whole, mac and vlan share one) and stays stale, so the next turn looks again. The page is another process's word: a port
  // that we do not have makes an endpoint unreachable. `now` in ns.
  void refresh(const tables::Ruleset& rules, const config::EndpointStatePage& page, unsigned port_count, uint64_t now);

  // Of a pool none of whose endpoints is up: does one of them answer all the same? If only with errors, as its probes have told, or it
  // was asked by clients. `heard_at`: when they heard the pool the last time, ns.
  bool answers(const config::ImagePool& pool, uint64_t heard_at) const {
    for (const config::EndpointIndex i : pool.endpoints())
      if (hops_[i].down && (hops_[i].errs || heard_at > seen_[hops_[i].slot].down_at)) return true;
    return false;
  }

  const EndpointHop& operator[](config::EndpointIndex index) const { return hops_[index]; }

  // What is kept of a pool is kept by the slot of its first endpoint: its place among the rules is another pool's after a reload.
  config::EndpointSlot owner_of(const config::ImagePool& pool) const { return hops_[pool.first_endpoint].slot; }
  // The same of the pool that the endpoint in `slot` is in.
  config::EndpointSlot owner_of(config::EndpointSlot slot) const { return owners_[slot]; }
  // When an endpoint of the pool came back up the last time, ns; 0: none has. `owner`: the slot of its first endpoint.
  uint64_t came_up_at(config::EndpointSlot owner) const { return came_up_at_[owner]; }

  PoolOrders orders;

 private:
  // What was last seen of a slot.
  struct Seen {
    bool down;
    uint64_t back_at;
    uint64_t down_at;  // since when it is, ns
  };

  uint64_t sequence_ = ~uint64_t{0};
  uint64_t ramp_ends_ = ~uint64_t{0};
  config::IndexedArray<config::EndpointIndex, EndpointHop, config::kMaxEndpoints> hops_{};
  config::IndexedArray<config::EndpointSlot, Seen, config::kMaxEndpoints> seen_{};
  config::IndexedArray<config::EndpointSlot, config::EndpointSlot, config::kMaxEndpoints> owners_{};
  config::IndexedArray<config::EndpointSlot, uint64_t, config::kMaxEndpoints> came_up_at_{};
};

}  // namespace penstock::state
