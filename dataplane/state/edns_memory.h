// dataplane/state/edns_memory.h - endpoints that are asked without an OPT, because with one they answered nothing but an error.
#pragma once

#include <array>
#include <cstdint>

#include "config/image.h"

namespace penstock::state {

// By endpoint slot, times in ns.
class EdnsMemory {
 public:
  static constexpr uint64_t kKept = 900'000'000'000;  // then it is asked with one again: servers are renewed

  bool is_without(uint16_t slot, uint64_t now) const { return now < until_[slot]; }
  void note(uint16_t slot, uint64_t now) { until_[slot] = now + kKept; }

 private:
  std::array<uint64_t, config::kMaxEndpoints> until_{};
};

}  // namespace penstock::state
