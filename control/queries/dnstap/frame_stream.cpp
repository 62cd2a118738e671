#include "control/queries/dnstap/frame_stream.h"

#include <sys/uio.h>

#include <stdexcept>
#include <string_view>

namespace penstock::control {
namespace {

constexpr std::string_view kContentType = "protobuf:dnstap.Dnstap";
constexpr std::chrono::milliseconds kHandshakeWait{2000};
constexpr std::chrono::milliseconds kEndWait{200};

}  // namespace

FrameStream::FrameStream(const config::Dnstap& settings, const std::atomic<bool>& stop)
    : connection_(settings, stop), longest_(kHandshakeWait), stop_(&stop) {
  fstrm_rdwr* calls = fstrm_rdwr_init(this);
  fstrm_rdwr_set_open(calls, on_open);
  fstrm_rdwr_set_close(calls, on_close);
  fstrm_rdwr_set_read(calls, on_read);
  fstrm_rdwr_set_write(calls, on_write);
  fstrm_writer_options* options = fstrm_writer_options_init();
  fstrm_writer_options_add_content_type(options, kContentType.data(), kContentType.size());
  writer_.reset(fstrm_writer_init(options, &calls));
  fstrm_writer_options_destroy(&options);
  const bool is_open = fstrm_writer_open(writer_.get()) == fstrm_res_success;
  if (error_) {
    is_over_ = true;
    std::rethrow_exception(error_);
  }
  if (!is_open)
    throw std::runtime_error("the peer is no dnstap collector: it does not accept " + std::string(kContentType));
  connection_.move();  // START
  stop_ = nullptr;
}

FrameStream::~FrameStream() {
  is_over_ = true;
}

void FrameStream::write(std::span<const uint8_t> frame) {
  if (fstrm_writer_write(writer_.get(), frame.data(), frame.size()) == fstrm_res_success) return;
  throw std::runtime_error("a frame cannot be written");
}

void FrameStream::finish() {
  connection_.send_all(kEndWait);
  longest_ = kEndWait;
  const bool is_closed = fstrm_writer_close(writer_.get()) == fstrm_res_success;
  is_over_ = true;
  if (error_) std::rethrow_exception(error_);
  if (!is_closed) throw std::runtime_error("the collector did not say that it has all");
}

fstrm_res FrameStream::on_read(void* self, void* data, size_t size) {
  auto& stream = *static_cast<FrameStream*>(self);
  if (stream.is_over_) return fstrm_res_failure;
  try {
    stream.connection_.receive(data, size, stream.longest_, stream.stop_);
    return fstrm_res_success;
  } catch (...) {
    stream.error_ = std::current_exception();
    return fstrm_res_failure;
  }
}

fstrm_res FrameStream::on_write(void* self, const iovec* parts, int count) {
  auto& stream = *static_cast<FrameStream*>(self);
  if (stream.is_over_) return fstrm_res_failure;
  for (const iovec& part : std::span(parts, static_cast<size_t>(count)))
    stream.connection_.put({static_cast<const char*>(part.iov_base), part.iov_len});
  return fstrm_res_success;
}

}  // namespace penstock::control
