#include "dataplane/housekeeping/capture_keeper.h"

#include <poll.h>
#include <rte_cycles.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <thread>

#include "dataplane/clocks.h"

namespace penstock {
namespace {

constexpr int kStreamBuffer = 4 << 20;  // octets; the system's limit is mostly below it

void look(void* viewer, rte_mbuf* const* frames, uint16_t count, bool is_received) {
  static_cast<capture::View*>(viewer)->look({frames, count},
                                            is_received ? capture::Direction::received : capture::Direction::sent);
}

std::vector<capture::CapturedPort> ports_of(const net::Ports& ports) {
  std::vector<capture::CapturedPort> captured;
  for (const net::OpenPort& port : ports.all())
    captured.push_back({port.name, port.interface.empty() ? "" : "on the host: " + port.interface});
  return captured;
}

capture::StampClock stamp_clock() {
  return {.now = rte_rdtsc(), .unix_now_ns = unix_ns(), .ns_per_cycle = 1e9 / static_cast<double>(rte_get_tsc_hz())};
}

std::string words_of(const config::CaptureRequest& request) {
  return {request.words.data(), strnlen(request.words.data(), request.words.size())};
}

}  // namespace

tl::expected<config::Descriptor, std::string> CaptureKeeper::begin(const config::CaptureRequest& request) {
  const auto now = std::chrono::steady_clock::now();
  if (capture_) {
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(now - capture_->began_at()).count();
    return tl::make_unexpected("another capture is running since " + std::to_string(since) + " s, for at most " +
                               std::to_string(capture_->request().seconds) +
                               " s: end it with Ctrl-C where it was started, or wait");
  }
  if (!capture::is_sound(request)) return tl::make_unexpected("the request for a capture is out of its bounds");
  std::array<int, 2> ends{-1, -1};
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return tl::make_unexpected(std::string("no stream for the capture: ") + strerror(errno));
  config::Descriptor stream(ends[0]);
  config::Descriptor reader(ends[1]);
  setsockopt(stream.get(), SOL_SOCKET, SO_SNDBUF, &kStreamBuffer, sizeof kStreamBuffer);
  try {
    capture_.emplace(request, ports_of(*parts_.ports), static_cast<unsigned>(parts_.workers.size()), parts_.plant->host,
                     std::move(stream), now);
  } catch (const std::bad_alloc&) {
    return tl::make_unexpected("no memory for a capture: it needs 8 MiB an lcore, 32 MiB at most");
  }
  for (unsigned lcore = 0; lcore < parts_.workers.size(); ++lcore) {
    for (const net::Queue queue : parts_.workers[lcore]->queues()) {
      const net::Tap& tap = taps_.emplace_back(queue, look, &capture_->view(lcore, queue.port));
      if (tap.fault().empty()) continue;
      const std::string fault = tap.fault();
      take_taps_off();
      capture_.reset();
      return tl::make_unexpected(fault);
    }
  }
  spdlog::info("a capture begins: {}; for at most {} s, {} octets", words_of(request), request.seconds, request.bytes);
  return reader;
}

void CaptureKeeper::end(const std::string& reason) {
  if (!capture_ || capture_->is_ending()) return;
  take_taps_off();
  capture_->end(reason, std::chrono::steady_clock::now());
}

void CaptureKeeper::finish(const std::string& reason) {
  end(reason);
  while (capture_) {
    tick(std::chrono::steady_clock::now());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void CaptureKeeper::tick(Time now) {
  if (!capture_) return;
  if (!capture_->is_ending())
    if (const std::string reason = capture_->reason(now); !reason.empty()) end(reason);
  capture_->move(stamp_clock());
  if (!capture_->is_over(now)) return;
  spdlog::info("the capture ended because {}: {} packets written, {} lost", capture_->ended_by(), capture_->written(),
               capture_->lost());
  capture_.reset();
}

short CaptureKeeper::events() const {
  return static_cast<short>(capture_ && capture_->is_waiting_for_reader() ? POLLIN | POLLOUT : POLLIN);
}

void CaptureKeeper::take_taps_off() {
  for (net::Tap& tap : taps_) tap.remove();
  parts_.publisher->wait_for_lcores("the end of a capture waits");
  taps_.clear();
}

}  // namespace penstock
