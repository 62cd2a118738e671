#include "dataplane/state/endpoints/round_trips.h"

#include <algorithm>

namespace penstock::state {
namespace {

constexpr uint64_t kMs = 1'000'000;

}  // namespace

void RoundTrips::learn(config::EndpointSlot slot, uint64_t round_trip) {
  RoundTrip& trip = trips_[slot];
  const uint64_t sample = std::max<uint64_t>(round_trip, 1);
  if (trip.smoothed == 0) {
    trip = {sample, sample / 2, sample};
    return;
  }
  const uint64_t distance = sample > trip.smoothed ? sample - trip.smoothed : trip.smoothed - sample;
  trip.variation = (3 * trip.variation + distance) / 4;
  trip.smoothed = (7 * trip.smoothed + sample) / 8;
  // The 99th percentile by steps: up 99 times as far as down, so it rests where one sample in a hundred is above.
  const uint64_t step = std::max<uint64_t>(trip.slowest_hundredth / 512, 1000);
  if (sample > trip.slowest_hundredth) {
    trip.slowest_hundredth = std::min(sample, trip.slowest_hundredth + 99 * step);
  } else {
    trip.slowest_hundredth -= std::min(trip.slowest_hundredth - sample, step);
  }
}

uint64_t RoundTrips::patience_inbound(config::EndpointSlot slot) const {
  const RoundTrip& trip = trips_[slot];
  if (trip.smoothed == 0) return 200 * kMs;
  return std::clamp(trip.smoothed + 4 * trip.variation, 20 * kMs, 800 * kMs);
}

uint64_t RoundTrips::patience_recursive(config::EndpointSlot slot) const {
  const RoundTrip& trip = trips_[slot];
  if (trip.smoothed == 0) return 500 * kMs;
  return std::clamp(2 * trip.slowest_hundredth, 200 * kMs, 1500 * kMs);
}

}  // namespace penstock::state
