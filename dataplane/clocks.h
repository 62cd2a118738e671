// dataplane/clocks.h - the clocks that the main thread reads, in ns.
#pragma once

#include <cstdint>

namespace penstock {

uint64_t monotonic_ns();
uint64_t unix_ns();
// As Worker::run() reads it.
uint64_t lcore_clock_ns();

}  // namespace penstock
