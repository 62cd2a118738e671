#include "dataplane/slow/slow_lane.h"

#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <asio/post.hpp>
#include <ctime>

#include "dataplane/slow/arrivals.h"

namespace penstock::slow {
namespace {

using std::chrono::milliseconds;

constexpr auto kTick = milliseconds(100);
// After the last frame or octet the rings are looked at each 5 us, then after 20 us, then each 100 us, and less and less often when nothing
// comes. Never by sched_yield: beside a busy neighbour of the same processor each costs the neighbour's whole slice (3 to 10 ms on Linux
// 6.18), while who sleeps is let in as soon as it wakes.
constexpr unsigned kQuickRests = 32;
constexpr long kQuickRestNs = 5'000;
constexpr long kFirstRestNs = 20'000;
constexpr unsigned kFirstRests = 5;
constexpr long kShortestRestNs = 100'000;
constexpr long kLongestRestNs = 2'000'000;
constexpr unsigned kShortRests = 100;
constexpr rlim_t kOtherFiles = 1024;  // sockets of ports, maps, connections to endpoints

void rest(unsigned quiet_turns, asio::io_context& io) {
  if (quiet_turns < kQuickRests) {
    const timespec pause{0, kQuickRestNs};
    nanosleep(&pause, nullptr);
    return;
  }
  quiet_turns -= kQuickRests;
  if (quiet_turns < kShortRests) {
    const timespec pause{0, quiet_turns < kFirstRests ? kFirstRestNs : kShortestRestNs};
    nanosleep(&pause, nullptr);
    return;
  }
  // Octets end it at once, frames do not.
  const long grown = kShortestRestNs * static_cast<long>(quiet_turns - kShortRests + 1);
  io.run_one_for(std::chrono::nanoseconds(std::min(grown, kLongestRestNs)));
}

}  // namespace

SlowLane::SlowLane(const SlowLaneOptions& options)
    : options_(options),
      lcores_(options.rings, options.lcores, options.frames, options.host, options.counters),
      clients_(io_, lcores_, options.clients, options.counters),
      datagrams_(io_, lcores_, options.counters),
      upstream_(io_, lcores_, options.upstream, options.counters),
      transfers_(io_, clients_, options.transfers, options.upstream.port, options.host.identity.text(),
                 options.counters) {
  options_.counters.most_connections = options.clients.connections;
  options_.counters.most_connections_per_client = options.clients.per_client;
  options_.counters.most_buffered = options.clients.buffered;
}

SlowLane::~SlowLane() {
  stop_.store(true);
  if (thread_.joinable()) thread_.join();
}

// The sockets are made by the caller, who may; the thread of the slow lane takes them over in its next turn.
std::vector<std::string> SlowLane::listen(const config::IpAddress& address) {
  std::vector<std::string> failed;
  if (auto listener = clients_.open(address, options_.port))
    asio::post(io_, [this, listener = std::move(*listener)] { clients_.listen(listener); });
  else
    failed.push_back("no DNS over TCP on " + config::to_string(address) + ": " + listener.error());
  if (auto listener = datagrams_.open(address, options_.port)) {
    slow::keep_out((*listener)->socket.native_handle(), kept_out_);
    asio::post(io_, [this, listener = std::move(*listener)] { datagrams_.listen(listener); });
  } else {
    failed.push_back("no answer to fragmented queries on " + config::to_string(address) + ": " + listener.error());
  }
  return failed;
}

void SlowLane::leave(const config::IpAddress& address) {
  asio::post(io_, [this, address] {
    clients_.leave(address);
    datagrams_.leave(address);
  });
}

void SlowLane::keep_out(std::vector<int> interfaces) {
  if (interfaces == kept_out_) return;
  kept_out_ = interfaces;
  asio::post(io_, [this, interfaces = std::move(interfaces)] {
    clients_.keep_out(interfaces);
    datagrams_.keep_out(interfaces);
  });
}

void SlowLane::start() {
  thread_ = std::thread([this] {
    if (!options_.cpus.empty()) {
      cpu_set_t set;
      CPU_ZERO(&set);
      for (const unsigned cpu : options_.cpus) CPU_SET(cpu, &set);
      pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    }
    pthread_setname_np(pthread_self(), "slow-lane");
    prctl(PR_SET_TIMERSLACK, 1000);  // else 100 us are 150
    run();
  });
}

void SlowLane::run() {
  const auto work = asio::make_work_guard(io_);  // else the first moment without a handler would be the last
  unsigned quiet_turns = 0;
  while (!stop_.load(std::memory_order_relaxed)) {
    if (turn(std::chrono::steady_clock::now()) != 0)
      quiet_turns = 0;
    else
      rest(quiet_turns++, io_);
  }
}

size_t SlowLane::turn(Time now) {
  size_t moved = lcores_.take([&](const Outgoing& outgoing) {
    switch (outgoing.peer.kind) {
      case state::PeerKind::connection:
        return clients_.answer(outgoing, now);
      case state::PeerKind::datagram:
        return datagrams_.answer(outgoing);
      case state::PeerKind::endpoint:
        return upstream_.send(outgoing, now);
      case state::PeerKind::transfer:
        return transfers_.start(outgoing, now);
    }
  });
  clients_.flush(now);
  upstream_.flush(now);
  clients_.resume(now);
  transfers_.resume(now);
  moved += io_.poll();
  if (now - ticked_at_ >= kTick) {
    ticked_at_ = now;
    clients_.tick(now);
    upstream_.tick(now);
    transfers_.tick(now);
  }
  return moved;
}

uint32_t make_room_for(uint32_t connections) {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return connections;
  const rlim_t wanted = connections + kOtherFiles;
  if (files.rlim_cur < wanted) {
    const rlimit more{wanted, std::max(files.rlim_max, wanted)};
    if (setrlimit(RLIMIT_NOFILE, &more) != 0) {
      const rlimit all{files.rlim_max, files.rlim_max};
      setrlimit(RLIMIT_NOFILE, &all);
    }
    getrlimit(RLIMIT_NOFILE, &files);
  }
  if (files.rlim_cur >= wanted) return connections;
  return static_cast<uint32_t>(files.rlim_cur > 2 * kOtherFiles ? files.rlim_cur - kOtherFiles : files.rlim_cur / 2);
}

}  // namespace penstock::slow
