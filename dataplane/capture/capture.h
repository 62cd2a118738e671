// dataplane/capture/capture.h - one capture: what lcores copied becomes pcap-ng in the stream of who asked, until a bound is reached or
// somebody ends it.
//
//   Capture capture(request, ports, lcores, host, std::move(stream));
//   ... the lcores' frames come to capture.view(lcore, port) ...
//   while (!capture.is_over(now)) {
//     if (capture.reason(now) says something) { take the views from the lcores, wait for these; capture.end(reason, now); }
//     capture.move(clock);
//   }
//
// The main thread's, but for the views. Nothing waits for who reads: what the stream does not take stays in the rings, and what the
// rings do not take is counted.
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/files/descriptor.h"
#include "dataplane/capture/pcapng.h"
#include "dataplane/capture/view.h"

namespace penstock::capture {

struct CapturedPort {
  std::string name;
  std::string description;
};

// From cycles of the lcores' clock to Unix time.
struct StampClock {
  uint64_t now;  // cycles
  uint64_t unix_now_ns;
  double ns_per_cycle;

  uint64_t unix_ns(uint64_t stamp) const {
    return stamp <= now ? unix_now_ns - static_cast<uint64_t>(static_cast<double>(now - stamp) * ns_per_cycle)
                        : unix_now_ns + static_cast<uint64_t>(static_cast<double>(stamp - now) * ns_per_cycle);
  }
};

class Capture {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Host = std::atomic<const tables::LocalHost*>;

  // `request` is sound. The stream is a socket whose other end somebody reads; `ports` in the order of their numbers.
  Capture(const config::CaptureRequest& request, std::vector<CapturedPort> ports, unsigned lcores, const Host& host,
          config::Descriptor stream, Time now);
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  View& view(unsigned lcore, uint8_t port) { return views_[lcore * ports_.size() + port]; }

  // Why it is to end now; empty: it goes on.
  std::string reason(Time now);
  // No lcore sees a view any more. What they have left in the rings is still written.
  void end(const std::string& reason, Time now);
  bool is_ending() const { return ends_at_.has_value(); }
  // Nothing is left to be written, or nobody to read it.
  bool is_over(Time now) const;

  // To be called often.
  void move(const StampClock& clock);

  int stream() const { return stream_.get(); }
  bool is_waiting_for_reader() const { return sent_ < out_.size(); }
  const config::CaptureRequest& request() const { return request_; }
  const std::string& ended_by() const { return ended_by_; }
  uint64_t written() const;
  uint64_t lost() const;
  Time began_at() const { return began_at_; }

 private:
  void take_records(const StampClock& clock);
  RecordRing* oldest_ring(uint64_t before);
  bool has_room_for(const Record& record);
  void put_statistics(const StampClock& clock);
  bool send();

  config::CaptureRequest request_;
  std::vector<CapturedPort> ports_;
  FrameFilter filter_;
  std::vector<std::unique_ptr<RecordRing>> rings_;  // by lcore
  std::deque<View> views_;                          // of an lcore one behind the other
  config::Descriptor stream_;
  Time began_at_;
  uint64_t began_ns_ = 0;          // Unix time; 0: not moved yet
  std::optional<Time> ends_at_{};  // then at the latest
  std::string ended_by_;
  std::string bound_;  // that was reached
  bool has_reader_ = true;
  bool is_complete_ = false;       // the statistics are behind the packets
  std::vector<uint64_t> written_;  // packets, by port
  uint64_t bytes_ = 0;             // of the file, what is still in out_ included
  Bytes out_;
  size_t sent_ = 0;  // octets of out_
};

}  // namespace penstock::capture
