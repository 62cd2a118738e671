// dataplane/housekeeping/capture_keeper.h - at most one capture at a time (dataplane/capture): it is begun, looked after and ended.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/capture/capture_request.h"
#include "config/files/descriptor.h"
#include "dataplane/capture/capture.h"
#include "dataplane/net/tap.h"
#include "dataplane/parts.h"

namespace penstock {

class CaptureKeeper {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit CaptureKeeper(Parts& parts) : parts_(parts) {}

  // The end of a stream that pcap-ng comes out of; or why there is none.
  tl::expected<config::Descriptor, std::string> begin(const config::CaptureRequest& request);
  // Ends what is running.
  void end(const std::string& reason);
  // The same, and returns once it is over: lcores and ports are about to end.
  void finish(const std::string& reason);
  // To be called often.
  void tick(Time now);

  bool is_running() const { return capture_.has_value(); }
  int fd() const { return capture_ ? capture_->stream() : -1; }  // of the stream, for poll()
  short events() const;

 private:
  void take_taps_off();

  Parts& parts_;
  std::optional<capture::Capture> capture_;
  std::vector<net::Tap> taps_;
};

}  // namespace penstock
