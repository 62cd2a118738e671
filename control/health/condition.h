// control/health/condition.h - the states of an endpoint as people see them.
//
// The dataplane knows unknown, up and down alone (config::Health), and only failed UDP probes make `down`. The others
// say what is wrong and leave the endpoint in use (a looping one may be down as well). The worst one is shown.
#pragma once

#include <cstdint>

namespace penstock::control {

enum class Condition : uint8_t {
  unknown,     // not probed yet
  up,          // answers its probes
  slow,        // answers, but far later than it used to (round_trip_judge.h)
  tcp_broken,  // answers over UDP and not over TCP
  throttled,   // does not answer more than so many queries a second (traffic_judge.h)
  down,        // does not answer its probes, or with SERVFAIL or the like
  looping,     // what it is sent comes back to us: when it is down too, that is why
};
constexpr Condition kConditions[] = {Condition::unknown,   Condition::up,   Condition::slow,   Condition::tcp_broken,
                                     Condition::throttled, Condition::down, Condition::looping};

constexpr const char* to_string(Condition condition) {
  switch (condition) {
    case Condition::unknown:
      return "unknown";
    case Condition::up:
      return "up";
    case Condition::slow:
      return "slow";
    case Condition::tcp_broken:
      return "tcp-broken";
    case Condition::throttled:
      return "throttled";
    case Condition::looping:
      return "looping";
    case Condition::down:
      return "down";
  }
  return "unknown";
}

}  // namespace penstock::control
