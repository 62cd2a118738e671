// control/health/health_checker.h - probes every endpoint with DNS queries and says which ones answer.
//
//   HealthChecker checker(io, [](const EndpointHealth& health) { ... });   // on every change of state or
//   reason checker.configure(model);
//
// A probe asks whether the server answers, not whether the name exists: NOERROR and NXDOMAIN are up. UDP
// decides the state; TCP that fails alone shows as the reason "tcp-broken: ..." and leaves the state. Runs on
// the io_context's thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <asio/io_context.hpp>

#include "config/endpoint_state.h"
#include "config/model.h"
#include "control/health/endpoint_id.h"

namespace penstock::control {

struct ProbeCounters {
  uint64_t sent = 0;
  uint64_t answered = 0;
  uint64_t failed = 0;
  std::optional<std::chrono::microseconds> round_trip;  // of the last probe that was answered
};

struct EndpointHealth {
  EndpointId id;
  config::Health state = config::Health::unknown;
  std::string reason;  // "answers", "no answer in 500 ms, 3 times", "tcp-broken: connection refused", ...
  std::chrono::system_clock::time_point since;  // of the state
  ProbeCounters udp;
  ProbeCounters tcp;
};

class EndpointProber;

class HealthChecker {
 public:
  using Changed = std::function<void(const EndpointHealth&)>;

  HealthChecker(asio::io_context& io, Changed changed, uint16_t server_port = 53);  // another port: tests
  ~HealthChecker();

  // Starts, changes and ends probes so that they fit the model; endpoints that stay keep their state and
  // counts.
  void configure(const config::Model& model);
  std::vector<EndpointHealth> snapshot() const;
  // No callback comes after this.
  void stop();

 private:
  void on_changed(const EndpointHealth& health, config::Health before);
  void log_pool(const EndpointHealth& health, config::Health before);

  asio::io_context& io_;
  Changed changed_;
  uint16_t server_port_;
  std::map<EndpointId, std::unique_ptr<EndpointProber>> probers_;
};

}  // namespace penstock::control
