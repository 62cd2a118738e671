// dataplane/housekeeping/flood_police.h - stops clients that flood us before they reach the lcores' rings.
//
// An lcore turns a query away in 100 ns, but a ring that is full of one client's queries has no room for those of others. Whoever
// sends more than kFlood of what is turned away - it may not ask, or is over its rate - gets no more than kPassed a second, and twice
// the rate that it may have, through the XDP filter. So limits hold as configured, and what is dropped would have been
// turned away. It ends when nothing was dropped for kCalmSeconds, when new rules are in force, or when the client proves its address: the
// flood may be another's in its name, and lcores note few of its queries from then on (path/limits/limit).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>

#include "config/contract/address.h"
#include "config/contract/counters.h"
#include "config/contract/log_rate.h"
#include "dataplane/state/clients/turned_away.h"

namespace penstock {

class FloodPolice {
 public:
  static constexpr uint64_t kPeriodNs = 20'000'000;
  static constexpr uint32_t kFlood = 4096;   // in a window of TurnedAway, of all lcores: 15,000/s
  static constexpr uint32_t kPassed = 5000;  // queries/s
  static constexpr unsigned kCalmSeconds = 3;
  static constexpr size_t kMost = 1024;  // clients at once

  // Who does it: net::Ports, or a test.
  struct Means {
    std::function<bool(const config::IpAddress&, uint32_t per_second)> police;  // false: there is nobody to do it
    std::function<void(const config::IpAddress&)> release;
    std::function<uint64_t(const config::IpAddress&)> dropped_of;
    std::function<bool(const config::IpAddress&, uint64_t now)> is_proved;  // lately, state::ProvedAddresses
  };
  explicit FloodPolice(Means means) : means_(std::move(means)) {}

  // The main thread's, often; does something every kPeriodNs. `now` in ns of the lcores' clock, `generation` of the rules in force.
  void tick(std::span<const state::TurnedAway* const> lcores, uint64_t generation, config::CounterPage& page,
            uint64_t now);

 private:
  struct Policed {
    uint64_t dropped = 0;
    unsigned calm = 0;   // s
    uint64_t since = 0;  // ns
    bool was_proved = false;
  };
  void release_all();
  void look_after(config::CounterPage& page);
  void release_proved(uint64_t now);

  Means means_;
  uint64_t due_ = 0;
  uint64_t second_ends_ = 0;
  uint64_t generation_ = 0;
  std::map<config::IpAddress, Policed> policed_;
  bool is_told_ = false;  // that floods cannot be stopped
  // Who sends under one address after the other must not fill the disk.
  config::LogRate begin_lines_{10};
  config::LogRate end_lines_{10};
};

}  // namespace penstock
