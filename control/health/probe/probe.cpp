#include "control/health/probe/probe.h"

#include <sys/random.h>

#include <array>
#include <cstring>
#include <system_error>
#include <vector>

#include <asio/ip/tcp.hpp>
#include <asio/ip/udp.hpp>
#include <asio/post.hpp>
#include <asio/read.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>

namespace penstock::control {
namespace {

using Clock = std::chrono::steady_clock;

template <typename Number>
Number random_number() {
  Number number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number)
    throw std::system_error(errno, std::system_category(), "getrandom");
  return number;
}

// What UDP and TCP share: id, deadline, and exactly one result.
template <typename Protocol>
class SocketProbe : public Probe, public std::enable_shared_from_this<SocketProbe<Protocol>> {
 public:
  SocketProbe(asio::io_context& io, const ProbeTarget& target, std::chrono::milliseconds timeout, Done done)
      : target_(target),
        timeout_(timeout),
        done_(std::move(done)),
        id_(random_number<uint16_t>()),
        socket_(io),
        timer_(io) {
    if (target_.question.mixed_case)
      target_.question.name = in_mixed_case(std::move(target_.question.name), random_number<uint64_t>());
  }

  void start() {
    started_ = Clock::now();
    auto self = this->shared_from_this();
    timer_.expires_after(timeout_);
    timer_.async_wait([this, self](const std::error_code& error) {
      if (!error) fail(seen_.empty() ? "no answer in " + std::to_string(timeout_.count()) + " ms" : seen_);
    });
    std::error_code error;
    socket_.open(target_.server.is_v4() ? Protocol::v4() : Protocol::v6(), error);
    if (!error && target_.source) {
      socket_.bind(typename Protocol::endpoint(*target_.source, 0), error);
      if (error) {
        const std::string reason = "source " + target_.source->to_string() + ": " + error.message();
        asio::post(socket_.get_executor(), [this, self, reason] { fail(reason); });
        return;
      }
    }
    if (error) {
      asio::post(socket_.get_executor(), [this, self, error] { fail(error.message()); });
      return;
    }
    socket_.async_connect(typename Protocol::endpoint(target_.server, target_.port),
                          [this, self](const std::error_code& failed) {
                            if (!done_) return;
                            if (failed) return fail(text_of(failed));
                            exchange();
                          });
  }

  void cancel() override {
    done_ = nullptr;
    close();
  }

 protected:
  virtual void exchange() = 0;

  std::vector<uint8_t> query() const {
    if (target_.query.size() < 2) return build_probe(target_.question, id_);
    std::vector<uint8_t> query = target_.query;
    query[0] = static_cast<uint8_t>(id_ >> 8);
    query[1] = static_cast<uint8_t>(id_);
    return query;
  }

  // True: the probe is over.
  bool judge(std::span<const uint8_t> answer) {
    const ProbeAnswer judged = judge_answer(answer, target_.question, id_);
    if (judged.verdict == ProbeVerdict::mismatch) {
      seen_ = judged.reason;
      return false;
    }
    finish({judged.verdict == ProbeVerdict::answers,
            judged.reason,
            std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - started_),
            judged.echoes_case,
            judged.verdict == ProbeVerdict::unhealthy,
            {answer.begin(), answer.end()}});
    return true;
  }

  void fail(const std::string& reason) { finish({false, reason, {}, false, false}); }

  static std::string text_of(const std::error_code& error) {
    if (error == asio::error::connection_refused) {
      return std::is_same_v<Protocol, asio::ip::udp> ? "port unreachable" : "connection refused";
    }
    if (error == asio::error::eof) return "connection closed without an answer";
    return error.message();
  }

  bool over() const { return !done_; }

  typename Protocol::socket& socket() { return socket_; }

  // Why the answers that came so far were not taken.
  std::string seen_;

 private:
  void finish(const ProbeResult& result) {
    if (!done_) return;
    const Done done = std::exchange(done_, nullptr);
    close();
    done(result);
  }

  void close() {
    std::error_code ignored;
    timer_.cancel();
    socket_.close(ignored);
  }

  ProbeTarget target_;
  std::chrono::milliseconds timeout_;
  Done done_;
  uint16_t id_;
  typename Protocol::socket socket_;
  asio::steady_timer timer_;
  Clock::time_point started_;
};

class UdpProbe : public SocketProbe<asio::ip::udp> {
 public:
  using SocketProbe::SocketProbe;

 private:
  void exchange() override {
    std::error_code error;
    socket().send(asio::buffer(query()), 0, error);
    if (error) return fail(text_of(error));
    receive();
  }

  void receive() {
    auto self = shared_from_this();
    socket().async_receive(asio::buffer(buffer_), [this, self](const std::error_code& error, size_t size) {
      if (over()) return;
      if (error) return fail(text_of(error));
      // RFC 5452 section 9.1: what does not match is not the answer; the true one may be on its way.
      if (!judge(std::span<const uint8_t>(buffer_.data(), size))) receive();
    });
  }

  std::array<uint8_t, 4096> buffer_;
};

class TcpProbe : public SocketProbe<asio::ip::tcp> {
 public:
  using SocketProbe::SocketProbe;

 private:
  void exchange() override {
    // RFC 7766 section 8: length and message in one write.
    const std::vector<uint8_t> message = query();
    buffer_ = {static_cast<uint8_t>(message.size() >> 8), static_cast<uint8_t>(message.size())};
    buffer_.insert(buffer_.end(), message.begin(), message.end());
    auto self = shared_from_this();
    asio::async_write(socket(), asio::buffer(buffer_), [this, self](const std::error_code& error, size_t) {
      if (over()) return;
      if (error) return fail(text_of(error));
      read_length();
    });
  }

  void read_length() {
    auto self = shared_from_this();
    asio::async_read(socket(), asio::buffer(length_), [this, self](const std::error_code& error, size_t) {
      if (over()) return;
      if (error) return fail(text_of(error));
      buffer_.resize(static_cast<size_t>(length_[0]) << 8 | length_[1]);
      read_message();
    });
  }

  void read_message() {
    auto self = shared_from_this();
    asio::async_read(socket(), asio::buffer(buffer_), [this, self](const std::error_code& error, size_t) {
      if (over()) return;
      if (error) return fail(text_of(error));
      if (!judge(buffer_)) fail(seen_);
    });
  }

  std::array<uint8_t, 2> length_;
  std::vector<uint8_t> buffer_;
};

}  // namespace

std::shared_ptr<Probe> start_udp_probe(asio::io_context& io, const ProbeTarget& target, Probe::Done done) {
  auto probe = std::make_shared<UdpProbe>(io, target, target.timeout, std::move(done));
  probe->start();
  return probe;
}

std::shared_ptr<Probe> start_tcp_probe(asio::io_context& io, const ProbeTarget& target, Probe::Done done) {
  auto probe = std::make_shared<TcpProbe>(io, target, 2 * target.timeout, std::move(done));
  probe->start();
  return probe;
}

asio::ip::address to_asio(const config::IpAddress& address) {
  if (address.is_v4()) {
    asio::ip::address_v4::bytes_type bytes;
    std::memcpy(bytes.data(), address.bytes.data(), bytes.size());
    return asio::ip::address_v4(bytes);
  }
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), address.bytes.data(), bytes.size());
  return asio::ip::address_v6(bytes);
}

}  // namespace penstock::control
