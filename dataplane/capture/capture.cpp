#include "dataplane/capture/capture.h"

#include <sys/socket.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <numeric>
#include <string_view>

namespace penstock::capture {
namespace {

constexpr size_t kAllRings = size_t{32} << 20;  // octets
constexpr size_t kLongestRing = size_t{8} << 20;
constexpr size_t kOutput = 256 * 1024;  // octets made at once
constexpr unsigned kRounds = 16;        // of them in a turn
constexpr std::chrono::seconds kPatience{2};

// An lcore stamps a burst before it copies it: a record that is older than this has no older one behind it in another ring.
constexpr double kSettledNs = 1e6;

std::string_view words_of(const config::CaptureRequest& request) {
  return {request.words.data(), strnlen(request.words.data(), request.words.size())};
}

}  // namespace

Capture::Capture(const config::CaptureRequest& request, std::vector<CapturedPort> ports, unsigned lcores,
                 const Host& host, config::Descriptor stream, Time now)
    : request_(request),
      ports_(std::move(ports)),
      filter_(request),
      stream_(std::move(stream)),
      began_at_(now),
      written_(ports_.size()) {
  const size_t capacity = std::min(kLongestRing, std::bit_floor(kAllRings / lcores));
  for (unsigned lcore = 0; lcore < lcores; ++lcore) {
    rings_.push_back(std::make_unique<RecordRing>(capacity));
    for (uint8_t port = 0; port < ports_.size(); ++port) views_.emplace_back(filter_, host, *rings_.back(), port);
  }
  put_section(out_, "penstock-dataplane", "captured: " + std::string(words_of(request_)));
  for (const CapturedPort& port : ports_) put_interface(out_, port.name, port.description);
  bytes_ = out_.size();
}

std::string Capture::reason(Time now) {
  if (!has_reader_) return "nobody reads it any more";
  // Nothing is ever said by who reads, but the end.
  char ignored = 0;
  const ssize_t said = recv(stream_.get(), &ignored, 1, MSG_DONTWAIT);
  if (said == 0) return "it was ended where it was started";
  has_reader_ = said > 0 || errno == EAGAIN || errno == EINTR;
  if (!bound_.empty()) return bound_;
  if (now - began_at_ >= std::chrono::seconds(request_.seconds))
    return "its " + std::to_string(request_.seconds) + " s were over";
  return {};
}

void Capture::end(const std::string& reason, Time now) {
  if (ends_at_) return;
  ended_by_ = reason;
  ends_at_ = now + kPatience;
}

bool Capture::is_over(Time now) const {
  return ends_at_ && ((is_complete_ && !is_waiting_for_reader()) || !has_reader_ || now >= *ends_at_);
}

void Capture::move(const StampClock& clock) {
  if (began_ns_ == 0) began_ns_ = clock.unix_now_ns;
  for (unsigned round = 0; round < kRounds; ++round) {
    if (!is_waiting_for_reader()) {
      out_.erase(out_.begin(), out_.begin() + static_cast<ptrdiff_t>(sent_));
      sent_ = 0;
      take_records(clock);
    }
    if (!is_waiting_for_reader() || !send()) return;
  }
}

// Oldest first, as far as none that is older can follow.
void Capture::take_records(const StampClock& clock) {
  const auto settled = static_cast<uint64_t>(kSettledNs / clock.ns_per_cycle);
  const uint64_t before = is_ending() ? UINT64_MAX : clock.now - settled;
  while (out_.size() < kOutput && bound_.empty()) {
    RecordRing* ring = oldest_ring(before);
    if (ring == nullptr) break;
    const Record& record = *ring->front();
    if (!has_room_for(record)) break;
    put_packet(out_, record, clock.unix_ns(record.stamp));
    bytes_ += size_of_packet(record.length);
    ++written_[record.port];
    ring->pop();
    if (request_.packets != 0 && written() == request_.packets)
      bound_ = "its " + std::to_string(request_.packets) + " packets were written";
  }
  if (is_ending() && !is_complete_ && (!bound_.empty() || oldest_ring(UINT64_MAX) == nullptr)) put_statistics(clock);
}

RecordRing* Capture::oldest_ring(uint64_t before) {
  RecordRing* found = nullptr;
  uint64_t oldest = before;
  for (const auto& ring : rings_) {
    const Record* record = ring->front();
    if (record == nullptr || record->stamp >= oldest) continue;
    oldest = record->stamp;
    found = ring.get();
  }
  return found;
}

bool Capture::has_room_for(const Record& record) {
  if (bytes_ + size_of_packet(record.length) + ports_.size() * kMostStatistics <= request_.bytes) return true;
  bound_ = "its " + std::to_string(request_.bytes) + " octets were written";
  return false;
}

void Capture::put_statistics(const StampClock& clock) {
  const size_t before = out_.size();
  for (uint8_t port = 0; port < ports_.size(); ++port) {
    InterfaceStatistics statistics{
        .begin_ns = began_ns_, .end_ns = clock.unix_now_ns, .matched = 0, .lost = 0, .written = written_[port]};
    for (const View& view : views_) {
      if (view.port() != port) continue;
      statistics.matched += view.matched();
      statistics.lost += view.lost();
    }
    capture::put_statistics(out_, port, statistics, port == 0 ? "the capture ended because " + ended_by_ : "");
  }
  bytes_ += out_.size() - before;
  is_complete_ = true;
}

// False: the stream takes no more for now, or never.
bool Capture::send() {
  const ssize_t sent = ::send(stream_.get(), out_.data() + sent_, out_.size() - sent_, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) {
    sent_ += static_cast<size_t>(sent);
    return true;
  }
  if (errno != EAGAIN && errno != EINTR) has_reader_ = false;
  return false;
}

uint64_t Capture::written() const {
  return std::accumulate(written_.begin(), written_.end(), uint64_t{0});
}

uint64_t Capture::lost() const {
  uint64_t lost = 0;
  for (const View& view : views_) lost += view.lost();
  return lost;
}

}  // namespace penstock::capture
