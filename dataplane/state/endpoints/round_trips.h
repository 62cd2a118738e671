// dataplane/state/endpoints/round_trips.h - how long one lcore waits for an endpoint before it asks another: learned from its answers.
#pragma once

#include <array>
#include <cstdint>

#include "config/contract/image.h"

namespace penstock::state {

// An endpoint of a `route53-inbound` pool answers from its own data, so its round trips say when an answer is overdue (the
// smoothing of RFC 6298). A recursive resolver may itself be waiting: for it the slowest hundredth of its answers counts.
class RoundTrips {
 public:
  // `slot`: of the endpoint state page. All times in ns.
  void learn(config::EndpointSlot slot, uint64_t round_trip);
  uint64_t patience_inbound(config::EndpointSlot slot) const;
  uint64_t patience_recursive(config::EndpointSlot slot) const;

 private:
  struct RoundTrip {
    uint64_t smoothed = 0;  // 0: no sample yet
    uint64_t variation = 0;
    uint64_t slowest_hundredth = 0;
  };
  config::IndexedArray<config::EndpointSlot, RoundTrip, config::kMaxEndpoints> trips_{};
};

}  // namespace penstock::state
