// config/process_use.h - what the calling process takes of the host: both processes report the same.
#pragma once

#include <cstdint>

namespace penstock::config {

struct ProcessUse {
  uint64_t cpu_ns = 0;      // user and system, of all threads since the start
  uint64_t resident = 0;    // octets of memory
  uint64_t files = 0;       // open file descriptors
  uint64_t most_files = 0;  // that it may have open
};

// Some system calls and one for every 50 descriptors or so: not for the packet path. What the kernel does not say stays 0.
ProcessUse process_use();

}  // namespace penstock::config
