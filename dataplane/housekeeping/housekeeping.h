// dataplane/housekeeping/housekeeping.h - the main thread's work while lcores run: each turn waits for a descriptor or for some
// milliseconds, and then looks after everything once. Start reading in run().
#pragma once

#include <chrono>
#include <vector>

#include <poll.h>

#include "dataplane/housekeeping/capture_keeper.h"
#include "dataplane/housekeeping/endpoint_meter.h"
#include "dataplane/housekeeping/flood_police.h"
#include "dataplane/housekeeping/heartbeat.h"
#include "dataplane/housekeeping/host_keeper.h"
#include "dataplane/housekeeping/levels.h"
#include "dataplane/housekeeping/response_filter.h"
#include "dataplane/housekeeping/watchdog.h"
#include "dataplane/parts.h"

namespace penstock {

class Housekeeping {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // Of parts that stay where they are: all but the link are there.
  explicit Housekeeping(Parts& parts);
  Housekeeping(const Housekeeping&) = delete;
  Housekeeping& operator=(const Housekeeping&) = delete;

  ResponseFilter& response_filter() { return filter_; }
  CaptureKeeper& capture() { return capture_; }
  // From here on the kernel says what changes.
  void watch();
  // Until `signals` is readable.
  void run(int signals);
  // Takes no query any more, and goes on until those in flight are over: 2 s at most, or until `signals` is readable again.
  void finish(int signals);

 private:
  std::vector<pollfd> descriptors(int signals);
  bool wait(int signals);
  void turn(Time now);
  void look_after_queries(Time now);
  uint64_t in_flight() const;
  void stop_floods();
  void renew_cookies();
  void keep_endpoints(Time now);

  Parts& parts_;
  ResponseFilter filter_;
  HostKeeper host_;
  Heartbeat heartbeat_;
  EndpointMeter meter_;
  FloodPolice police_;
  Levels levels_;
  Watchdog watchdog_;
  CaptureKeeper capture_;
  uint64_t kept_sequence_ = 0;  // of the endpoint page that is on disk
  Time kept_at_{};
};

}  // namespace penstock
