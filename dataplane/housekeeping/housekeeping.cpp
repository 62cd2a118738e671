#include "dataplane/housekeeping/housekeeping.h"

#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "dataplane/clocks.h"
#include "dataplane/housekeeping/doors.h"
#include "dataplane/last_good.h"
#include "dataplane/net/kernel/door.h"
#include "dataplane/secrets.h"

namespace penstock {
namespace {

FloodPolice::Means means_of(Parts& parts) {
  return {
      .police = [&ports = *parts.ports](const auto& client,
                                        uint32_t per_second) { return ports.police(client, per_second); },
      .release = [&ports = *parts.ports](const auto& client) { ports.release(client); },
      .dropped_of = [&ports = *parts.ports](const auto& client) { return ports.dropped_of(client); },
      .is_proved =
          [&limits = *parts.limits](const auto& client, uint64_t now) {
            const auto network = state::ClientLevel::network;
            return limits.proved.holds(limits.key_of_client(client.bytes, client.family, network), now);
          },
  };
}

std::vector<uint64_t> turns_of(const Parts& parts) {
  std::vector<uint64_t> turns;
  for (size_t i = 0; i < parts.workers.size(); ++i) turns.push_back(parts.pages->counters().lcore[i].turns.get());
  return turns;
}

}  // namespace

Housekeeping::Housekeeping(Parts& parts)
    : parts_(parts),
      filter_(*parts.ports, *parts.plant, parts.source_ports),
      host_(parts, filter_),
      heartbeat_(parts),
      police_(means_of(parts)),
      levels_(parts),
      watchdog_(service_manager_watchdog()),
      capture_(parts) {}

void Housekeeping::watch() {
  heartbeat_.watch_neighbours();
  host_.watch();
}

// poll() skips those that are negative.
std::vector<pollfd> Housekeeping::descriptors(int signals) {
  std::vector<pollfd> all{{signals, POLLIN, 0},
                          {parts_.link->listener(), POLLIN, 0},
                          {parts_.link->connection(), POLLIN, 0},
                          {host_.fd(), POLLIN, 0},
                          {capture_.fd(), capture_.events(), 0}};
  for (size_t port = 0; port < parts_.ports->all().size(); ++port)
    if (const net::Door* door = parts_.ports->door(port)) all.push_back({door->fd(), POLLIN, 0});
  return all;
}

// False: `signals` is readable.
bool Housekeeping::wait(int signals) {
  const bool with_doors = has_doors(*parts_.ports);
  ControlLink& link = *parts_.link;
  std::vector<pollfd> waits = descriptors(signals);
  // Frames from the lcores to a door or a capture come over rings, which poll() cannot see. A flood is to be stopped soon.
  poll(waits.data(), waits.size(), with_doors ? 1 : capture_.is_running() ? 2 : 20);
  if (waits[0].revents != 0) return false;
  if (waits[1].revents != 0) link.accept();
  if (waits[2].revents != 0 && link.connection() == waits[2].fd) link.serve();
  // Bounded: a flood at the door must not keep signals, rules and the heartbeat waiting.
  for (int round = 0; with_doors && round < 8 && move_through_doors(parts_) != 0; ++round) {
  }
  return true;
}

void Housekeeping::run(int signals) {
  while (wait(signals)) turn(std::chrono::steady_clock::now());
}

void Housekeeping::finish(int signals) {
  constexpr auto kPatience = std::chrono::seconds(2);
  signalfd_siginfo first{};
  if (read(signals, &first, sizeof first) < 0) return;
  const Time until = std::chrono::steady_clock::now() + kPatience;
  parts_.pages->counters().stopping.set(1);
  host_.listen_no_more();
  const uint64_t owed = in_flight();
  while (in_flight() != 0 && std::chrono::steady_clock::now() < until && wait(signals))
    look_after_queries(std::chrono::steady_clock::now());
  wait(signals);  // answers over TCP have yet to pass the slow lane
  // A start without control needs the next hops of the last second as well.
  kept_at_ = {};
  keep_endpoints(std::chrono::steady_clock::now());
  capture_.finish("the dataplane stops");
  if (const uint64_t left = in_flight(); left != 0)
    spdlog::warn("stopping: {} of {} queries in flight have no response yet", left, owed);
  else
    spdlog::info("stopping: all queries in flight are answered");
}

// Clients that wait for an answer.
uint64_t Housekeeping::in_flight() const {
  uint64_t sum = 0;
  for (size_t i = 0; i < parts_.workers.size(); ++i) {
    const config::LcoreCounters& lcore = parts_.pages->counters().lcore[i];
    sum += lcore.pending.get() + lcore.deliveries.get();
  }
  return sum;
}

void Housekeeping::turn(Time now) {
  host_.tick(now);
  look_after_queries(now);
  stop_floods();
  renew_cookies();
  keep_endpoints(now);
}

void Housekeeping::look_after_queries(Time now) {
  parts_.link->tick(now);
  heartbeat_.tick();
  meter_.tick(parts_.publisher->current(), parts_.pages->counters(), *parts_.budgets, monotonic_ns());
  filter_.retire(now);
  levels_.tick(now);
  capture_.tick(now);
  watchdog_.tick(turns_of(parts_), now);
}

void Housekeeping::stop_floods() {
  std::vector<const state::TurnedAway*> turned_away;
  for (const auto& worker : parts_.workers) turned_away.push_back(&worker->turned_away());
  config::CounterPage& counters = parts_.pages->counters();
  police_.tick(turned_away, counters.generation.get(), counters, lcore_clock_ns());
}

void Housekeeping::renew_cookies() {
  state::CookieKeys& cookies = *parts_.cookies;
  const uint64_t now = lcore_clock_ns();
  cookies.set_clock(now, unix_ns());
  if (cookies.is_to_be_renewed(now)) cookies.renew(draw_cookie_secret(), now);
}

// At most once a second, when control has written something new: a start without control takes next hops from there.
void Housekeeping::keep_endpoints(Time now) {
  const config::EndpointStatePage& endpoints = parts_.pages->endpoints();
  const uint64_t sequence = endpoints.sequence.load(std::memory_order_relaxed);
  if (sequence == kept_sequence_ || parts_.publisher->loaded() == nullptr || now - kept_at_ < std::chrono::seconds(1))
    return;
  kept_at_ = now;
  kept_sequence_ = sequence;
  if (auto saved = save_endpoints(parts_.model.dataplane.state_dir, endpoints); !saved)
    spdlog::warn("cannot save the next hops of the endpoints: {}", saved.error());
}

}  // namespace penstock
