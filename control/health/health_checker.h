// control/health/health_checker.h - probes every endpoint with DNS queries and says which ones answer.
//
//   HealthChecker checker(io, [](const EndpointHealth& health) { ... });   // on every change of state or reason
//   checker.configure(model);
//
// A probe asks whether the server answers, not whether the name exists: NOERROR and NXDOMAIN are up. UDP probes alone decide
// what the dataplane is told; the condition (condition.h) says more to people. What clients' queries met starts probes and
// nothing else: otherwise a client that asks for names whose servers are silent could take a pool down. Runs on the
// io_context's thread only.
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
#include <asio/steady_timer.hpp>

#include "config/contract/endpoint_state.h"
#include "config/model.h"
#include "control/health/condition.h"
#include "control/health/endpoint_id.h"
#include "control/health/loop_prober.h"

namespace penstock::control {

struct ProbeCounters {
  uint64_t sent = 0;
  uint64_t answered = 0;
  uint64_t failed = 0;
  std::optional<std::chrono::microseconds> round_trip;  // of the last probe that was answered
};

struct EndpointHealth {
  EndpointId id;
  config::Health state = config::Health::unknown;  // what the dataplane is told
  Condition condition = Condition::unknown;
  std::string reason;                           // "answers", "no answer in 500 ms, 3 times", ...
  std::chrono::system_clock::time_point since;  // of the condition
  uint8_t echoes_case = config::kCaseUnknown;   // as EndpointState's
  bool errs = false;                            // the same
  std::string case_reason;                      // why letters do not come back as asked; empty: they do, or nobody asks
  ProbeCounters udp;
  ProbeCounters tcp;
};

class EndpointProber;
class PoolTurns;
struct TrafficSample;

class HealthChecker {
 public:
  using Changed = std::function<void(const EndpointHealth&)>;

  HealthChecker(asio::io_context& io, Changed changed, uint16_t server_port = 53);  // another port: tests
  ~HealthChecker();

  // Starts, changes and ends probes so that they fit the model; endpoints that stay keep their state and
  // counts.
  void configure(const config::Model& model);
  std::vector<EndpointHealth> snapshot() const;
  // What clients' queries met since the last call, some twice a second. Unknown endpoints are ignored.
  void observe(const EndpointId&, const TrafficSample&);
  // Sends the endpoint one more query, from where and as seldom as its probes.
  Asked ask(const EndpointId&, const ProbeQuestion&);
  // A probe that went to the endpoint came back to us, in words; empty: it does not any more.
  void set_looping(const EndpointId&, const std::string& reason);
  // No callback comes after this.
  void stop();

 private:
  struct Member {
    std::unique_ptr<EndpointProber> prober;
    std::chrono::milliseconds round{0};                  // in which another one would have found out too
    std::chrono::system_clock::time_point down_since{};  // the last time
  };

  void on_changed(const EndpointHealth& health, const EndpointHealth& before);
  void turn(const EndpointHealth& health, std::string line);
  void tell_turns();
  std::vector<Member*> members_of(const std::string& pool);

  asio::io_context& io_;
  Changed changed_;
  uint16_t server_port_;
  std::map<EndpointId, Member> members_;
  std::unique_ptr<PoolTurns> turns_;
  asio::steady_timer turns_timer_;
};

}  // namespace penstock::control
