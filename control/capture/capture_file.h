// control/capture/capture_file.h - penstockctl's side of a capture: the dataplane's stream goes into a file.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "config/files/descriptor.h"

namespace penstock::control {

struct CaptureResult {
  uint64_t packets = 0;
  uint64_t matched = 0;
  uint64_t lost = 0;
  uint64_t bytes = 0;
  std::string ended;  // a sentence: why
  std::string error;  // not empty: the file has what came before
};

// Until the stream ends. `stop`, once set, has the dataplane end it; what it still has is waited for, 5 s at most. The file holds whole
// blocks only, however it ended. `file` is a pipe or what ftruncate() can shorten.
CaptureResult copy_capture(int stream, int file, const std::atomic<bool>& stop);

}  // namespace penstock::control
