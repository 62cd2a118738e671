// control/queries/dnstap/frame_stream.h - Frame Streams (libfstrm) to a collector: frames of protobuf:dnstap.Dnstap, with the handshake at
// both ends. libfstrm writes into a Connection, so that it never waits for the collector. Errors are std::runtime_error.
#pragma once

#include <fstrm.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <span>

#include "control/queries/dnstap/connection.h"

namespace penstock::control {

class FrameStream {
 public:
  // Connects, and waits until the collector accepts the type of content: 4 s at most in all, less when `stop` becomes true.
  FrameStream(const config::Dnstap& settings, const std::atomic<bool>& stop);
  ~FrameStream();
  FrameStream(const FrameStream&) = delete;
  FrameStream& operator=(const FrameStream&) = delete;

  // To be sent by the next flush().
  void write(std::span<const uint8_t> frame);
  void flush() { connection_.move(); }
  // Sends what was written, says that this is the end, and hears that the collector has it: 400 ms at most.
  void finish();

  uint64_t put_octets() const { return connection_.put_octets(); }
  uint64_t sent_octets() const { return connection_.sent_octets(); }

 private:
  struct Deleter {
    void operator()(fstrm_writer* writer) const { fstrm_writer_destroy(&writer); }
  };
  static fstrm_res on_open(void*) { return fstrm_res_success; }
  static fstrm_res on_close(void*) { return fstrm_res_success; }
  static fstrm_res on_read(void* self, void* data, size_t size);
  static fstrm_res on_write(void* self, const iovec* parts, int count);

  Connection connection_;
  std::chrono::milliseconds longest_;  // that a read waits
  const std::atomic<bool>* stop_;      // null: it matters no longer
  bool is_over_ = false;               // libfstrm reaches the connection no more
  std::exception_ptr error_;           // thrown under libfstrm, which is C
  std::unique_ptr<fstrm_writer, Deleter> writer_;
};

}  // namespace penstock::control
