// control/health/traffic_reader.h - the endpoints' counters of the counter page as samples: what came since the last look.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "config/contract/counters.h"
#include "control/health/endpoint_id.h"
#include "control/health/judge/traffic_judge.h"

namespace penstock::control {

class TrafficReader {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // An endpoint that was not there at the last look, or in another slot or page, has no sample yet.
  std::vector<std::pair<EndpointId, TrafficSample>> read(const config::CounterPage&,
                                                         const std::map<EndpointId, config::EndpointSlot>& slots,
                                                         Time now);

 private:
  struct Totals {
    config::EndpointSlot slot{};
    uint64_t page_started_at = 0;
    Time at;
    TrafficSample counted;
  };
  std::map<EndpointId, Totals> before_;
};

}  // namespace penstock::control
