// dataplane/housekeeping/heartbeat.h - what changes while control is silent: the health of endpoints is ignored, and new MACs of next hops
// are followed here.
#pragma once

#include <optional>

#include "config/contract/log_rate.h"
#include "dataplane/housekeeping/next_hop_follower.h"
#include "dataplane/net/kernel/neighbour_watch.h"
#include "dataplane/parts.h"

namespace penstock {

class Heartbeat {
 public:
  explicit Heartbeat(Parts& parts) : parts_(parts) {}

  void watch_neighbours();
  // To be called often.
  void tick();

 private:
  void follow_control(uint64_t now);
  void follow_next_hops(uint64_t now);

  Parts& parts_;
  std::optional<net::NeighbourWatch> neighbours_;
  NextHopFollower next_hops_{{}};
  config::LogRate lines_{6};
  config::LogRate hop_lines_{20};
};

}  // namespace penstock
