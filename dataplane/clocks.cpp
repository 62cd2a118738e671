#include "dataplane/clocks.h"

#include <rte_cycles.h>

#include <ctime>

namespace penstock {
namespace {

uint64_t read_clock(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace

uint64_t monotonic_ns() {
  return read_clock(CLOCK_MONOTONIC);
}

uint64_t unix_ns() {
  return read_clock(CLOCK_REALTIME);
}

uint64_t lcore_clock_ns() {
  return static_cast<uint64_t>(static_cast<double>(rte_rdtsc()) * (1e9 / static_cast<double>(rte_get_tsc_hz())));
}

}  // namespace penstock
