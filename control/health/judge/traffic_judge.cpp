#include "control/health/judge/traffic_judge.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace penstock::control {
namespace {

constexpr uint64_t kFewest = 3;           // bad queries that mean anything
constexpr double kFading = 0.9993;        // of the bands, a sample: half is left after some seven minutes
constexpr double kLeastRate = 100;        // queries/s
constexpr double kThrottledShare = 0.10;  // unanswered at the high rate
constexpr double kGoodShare = 0.01;       // at lower rates
constexpr double kOverShare = 0.02;       // no longer throttled
constexpr double kFewestSeen = 100;       // queries at lower rates that are proof of anything
constexpr long kProbesLost = 2;

bool is_suspicious(const TrafficSample& sample) {
  const uint64_t outcomes = sample.responses + sample.timeouts;
  const uint64_t bad = sample.timeouts + sample.failures;
  return bad >= kFewest && 2 * bad >= outcomes;
}

void add_to(TrafficSample& sum, const TrafficSample& one) {
  sum.seconds += one.seconds;
  sum.queries += one.queries;
  sum.responses += one.responses;
  sum.timeouts += one.timeouts;
  sum.failures += one.failures;
}

size_t band_of(double rate, size_t bands) {
  return std::min<size_t>(bands - 1, std::bit_width(static_cast<uint64_t>(rate)));
}

std::string percent(double share) {
  return std::to_string(std::lround(share * 100)) + " %";
}

}  // namespace

void TrafficJudge::add(const TrafficSample& sample) {
  if (sample.seconds <= 0) return;
  last_[count_++ % kLong] = sample;
  TrafficSample recent;
  double highest = 0;  // a time-out belongs to the rate at which its query was sent, up to two seconds ago
  for (size_t i = 0; i < std::min(count_, kShort); ++i) {
    const TrafficSample& one = last_[(count_ - 1 - i) % kLong];
    add_to(recent, one);
    highest = std::max(highest, static_cast<double>(one.queries) / one.seconds);
  }
  suspicious_ = is_suspicious(sample) || is_suspicious(recent);
  answers_ = sample.responses > sample.failures;
  for (Share& band : bands_) {
    band.all *= kFading;
    band.unanswered *= kFading;
  }
  Share& band = bands_[band_of(highest, kBands)];
  band.all += static_cast<double>(sample.responses + sample.timeouts);
  band.unanswered += static_cast<double>(sample.timeouts);
  judge();
}

void TrafficJudge::add_probe(bool answered) {
  probe_lost_[probes_++ % probe_lost_.size()] = !answered;
  judge();
}

void TrafficJudge::judge() {
  TrafficSample all;
  for (size_t i = 0; i < std::min(count_, kLong); ++i) add_to(all, last_[i]);
  if (all.seconds <= 0) return;
  const double rate = static_cast<double>(all.queries) / all.seconds;
  const Share now{static_cast<double>(all.responses + all.timeouts), static_cast<double>(all.timeouts)};
  const long lost = std::count(probe_lost_.begin(), probe_lost_.end(), true);
  long recovered = 0;
  for (size_t i = 1; i < std::min(probes_, probe_lost_.size()); ++i) {
    const size_t later = probes_ - i;
    recovered += probe_lost_[(later - 1) % probe_lost_.size()] && !probe_lost_[later % probe_lost_.size()] ? 1 : 0;
  }
  if (throttled_) {
    throttled_ = now.value() >= kOverShare && lost > 0;
    return;
  }
  if (rate < kLeastRate || now.value() < kThrottledShare || recovered < kProbesLost) return;
  Share below;
  for (size_t band = 0; band < band_of(rate, kBands); ++band) {
    below.all += bands_[band].all;
    below.unanswered += bands_[band].unanswered;
  }
  if (below.all < kFewestSeen || below.value() > kGoodShare) return;
  throttled_ = true;
  reason_ = "answers " + std::to_string(std::lround(static_cast<double>(all.responses) / all.seconds)) + " of " +
            std::to_string(std::lround(rate)) + " queries per second (" + percent(now.value()) + " and " +
            std::to_string(lost) + " of 10 probes lost), but nearly all at lower rates";
}

}  // namespace penstock::control
