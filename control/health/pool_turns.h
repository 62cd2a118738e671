// control/health/pool_turns.h - endpoints that go down or come back, as log lines: those of a pool that turn together are one
// event of the path, not one each. Time is the caller's; a turn is told a probe round late, when nobody joined it.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "control/health/health_checker.h"

namespace penstock::control {

struct Turn {
  EndpointHealth health;  // after it; down, or not
  std::string line;       // told when it stays alone
  std::string remedy;     // what to look at, for this reason; may be empty
  // Of a return: since when it had been down.
  std::chrono::system_clock::time_point down_since;
};

class PoolTurns {
 public:
  using Time = std::chrono::steady_clock::time_point;
  struct Line {
    bool is_bad;
    std::string text;
  };

  // `members`: endpoints of the pool; `round`: how long others may take to turn too. What can be told at once is returned.
  std::vector<Line> add(Turn turn, size_t members, std::chrono::milliseconds round, Time now);
  // What is due now.
  std::vector<Line> flush(Time now);
  // When to call flush(); Time::max(): nothing waits.
  Time next() const;

 private:
  struct Waiting {
    std::vector<Turn> turns;  // one direction
    Time due;
  };
  static void tell_each(const Waiting&, std::vector<Line>&);
  std::map<std::string, Waiting> pools_;
};

}  // namespace penstock::control
