// control/health/endpoint_id.h - which endpoint of which pool: the key of health, next hops and counters on
// the control side.
#pragma once

#include <compare>
#include <string>

#include "config/contract/address.h"

namespace penstock::control {

// An address that stands in two pools is two endpoints: each pool probes it in its own way.
struct EndpointId {
  std::string pool;
  config::IpAddress address;
  auto operator<=>(const EndpointId&) const = default;
};

inline std::string to_string(const EndpointId& id) {
  return id.pool + " " + config::to_string(id.address);
}

}  // namespace penstock::control
