// control/link/heartbeat.h - the heartbeat of the endpoint state page, on the clock that both processes have.
#pragma once

#include <chrono>
#include <cstdint>
#include <ctime>

#include "config/contract/endpoint_state.h"

namespace penstock::control {

inline uint64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<uint64_t>(now.tv_nsec);
}

// As the dataplane would judge it.
inline std::chrono::nanoseconds heartbeat_age(const config::EndpointStatePage& page) {
  return std::chrono::nanoseconds(monotonic_ns() - page.heartbeat_ns.load(std::memory_order_relaxed));
}

}  // namespace penstock::control
