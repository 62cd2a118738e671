#include "dataplane/housekeeping/heartbeat.h"

#include <spdlog/spdlog.h>

#include "dataplane/clocks.h"

namespace penstock {
namespace {

// Of ten heartbeats none has come: what control last said of an endpoint's health is too old to lose queries over.
constexpr uint64_t kSilenceNs = 5'000'000'000;

}  // namespace

void Heartbeat::watch_neighbours() {
  std::vector<int> interfaces;
  for (const net::OpenPort& port : parts_.ports->all()) interfaces.push_back(port.ifindex);
  next_hops_ = NextHopFollower(std::move(interfaces));
  if (auto watch = net::NeighbourWatch::open())
    neighbours_ = std::move(*watch);
  else
    spdlog::warn("the failover of a gateway will not be followed while control is away: {}", watch.error());
}

void Heartbeat::tick() {
  const uint64_t now = monotonic_ns();
  follow_control(now);
  follow_next_hops(now);
}

void Heartbeat::follow_control(uint64_t now) {
  const uint64_t beat = parts_.pages->endpoints().heartbeat_ns.load(std::memory_order_relaxed);
  const bool silent = now > beat && now - beat > kSilenceNs;
  if (silent == parts_.plant->control_silent.load(std::memory_order_relaxed)) return;
  parts_.plant->control_silent.store(silent, std::memory_order_relaxed);
  parts_.pages->counters().control_silent.set(silent ? 1 : 0);
  if (silent)
    lines_.write(spdlog::level::warn, "no heartbeat from control for 5 s: the health of endpoints is ignored");
  else
    lines_.write(spdlog::level::info, "the heartbeat of control is back: endpoints that are down are avoided");
}

void Heartbeat::follow_next_hops(uint64_t now) {
  if (!neighbours_) return;
  for (const auto& [change, endpoints] : next_hops_.follow(neighbours_->read(), parts_.pages->endpoints(), now))
    hop_lines_.write(spdlog::level::warn,
                     "no heartbeat from control, and {} now has the MAC {:02x}: queries for {} endpoints go there",
                     config::to_string(change.neighbour), fmt::join(change.to, ":"), endpoints);
}

}  // namespace penstock
