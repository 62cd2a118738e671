// control/health/loop_prober.h - finds out whether what a pool is sent comes back to us: probes with names that only this
// control and its dataplane know (config/contract/loop_label.h), below the suffixes that the pool is for.
//
// A pool is asked in rounds: after new rules, then every five minutes, every half minute while something comes back; one endpoint
// after the other, at most sixteen suffixes a round, the next ones in the next round. Below a private pool's own
// zones and nowhere else: a probe is a query like any, and names leak. A probe that reaches a service address is an event of
// the dataplane (loop_probe); the one who reads events calls came_back(). Time is the caller's.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "config/model.h"
#include "control/health/endpoint_id.h"
#include "control/health/probe/probe_message.h"

namespace penstock::control {

enum class Asked : uint8_t { yes, later, never };  // never: there is no such endpoint

class LoopProber {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Ask = std::function<Asked(const EndpointId&, const ProbeQuestion&)>;
  // Empty reason: it does not loop any more.
  using Tell = std::function<void(const EndpointId&, const std::string& reason)>;

  static constexpr size_t kMostSuffixes = 16;
  static constexpr std::chrono::seconds kFirst{5};
  static constexpr std::chrono::seconds kBetweenProbes{1};
  static constexpr std::chrono::seconds kWayBack{3};  // how long the last probe of an endpoint may take
  static constexpr std::chrono::seconds kBetweenRounds{300};
  static constexpr std::chrono::seconds kWhileLooping{30};

  LoopProber(Ask ask, Tell tell) : ask_(std::move(ask)), tell_(std::move(tell)), engine_(std::random_device{}()) {}

  // The rules that the dataplane has in force now, and their token.
  void configure(std::shared_ptr<const config::Model>, uint64_t token, Time now);
  // Until configure(): no dataplane would know the probes again.
  void stop() { courses_.clear(); }
  // A few times a second.
  void tick(Time now);
  // A probe into this pool (index into Model::pools) was seen at a service address, sent by `peer`.
  void came_back(uint32_t pool, const config::IpAddress& peer, const std::string& name);

 private:
  // One pool's way through its rounds.
  struct Course {
    uint32_t pool = 0;
    std::vector<EndpointId> endpoints;
    std::vector<ProbeQuestion> questions;  // of this round; empty: none runs
    size_t next_entry = 0;                 // of Model::zones, for the next round
    size_t endpoint = 0;
    size_t question = 0;
    std::set<EndpointId> returned;  // since their last turn began
    std::set<EndpointId> looping;   // told so
    Time next;
  };

  void advance(Course&, Time now);
  void finish_endpoint(Course&);
  void gather(Course&) const;
  std::chrono::milliseconds jittered(std::chrono::seconds gap);

  Ask ask_;
  Tell tell_;
  std::minstd_rand engine_;
  std::shared_ptr<const config::Model> model_;
  uint64_t token_ = 0;
  std::vector<Course> courses_;
};

// What pool `pool` is probed with for entry `entry` of Model::zones; empty: that entry sends no name below it to the pool.
config::WireName loop_probe_name(const config::Model&, uint32_t pool, size_t entry, uint64_t token);

}  // namespace penstock::control
