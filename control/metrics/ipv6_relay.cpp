#include "control/metrics/ipv6_relay.h"

#include <array>
#include <chrono>
#include <functional>
#include <memory>

#include <asio/ip/v6_only.hpp>
#include <asio/write.hpp>

namespace penstock::control {
namespace {

using asio::ip::tcp;

// Both directions of one connection; the end of one is passed on, the end of both closes.
class Pair : public std::enable_shared_from_this<Pair> {
 public:
  Pair(tcp::socket outer, asio::io_context& io, std::function<void()> closed)
      : outer_(std::move(outer)), inner_(io), closed_(std::move(closed)) {}
  ~Pair() { closed_(); }

  void start(uint16_t port) {
    inner_.async_connect({asio::ip::address_v4::loopback(), port},
                         [self = shared_from_this()](const std::error_code& error) {
                           if (error) return;
                           self->copy(self->outer_, self->inner_, self->request_);
                           self->copy(self->inner_, self->outer_, self->answer_);
                         });
  }

 private:
  using Buffer = std::array<char, 16384>;

  void copy(tcp::socket& from, tcp::socket& to, Buffer& buffer) {
    from.async_read_some(asio::buffer(buffer),
                         [self = shared_from_this(), &from, &to, &buffer](const std::error_code& ended, size_t size) {
                           std::error_code ignored;
                           if (ended) {
                             to.shutdown(tcp::socket::shutdown_send, ignored);
                             return;
                           }
                           asio::async_write(to, asio::buffer(buffer, size),
                                             [self, &from, &to, &buffer](const std::error_code& error, size_t) {
                                               std::error_code also_ignored;
                                               if (!error) return self->copy(from, to, buffer);
                                               from.close(also_ignored);
                                               to.close(also_ignored);
                                             });
                         });
  }

  tcp::socket outer_;
  tcp::socket inner_;
  std::function<void()> closed_;
  Buffer request_;
  Buffer answer_;
};

}  // namespace

Ipv6Relay::Ipv6Relay(const std::string& address, uint16_t port, uint16_t inner_port)
    : acceptor_(io_), inner_port_(inner_port) {
  acceptor_.open(tcp::v6());
  acceptor_.set_option(asio::ip::v6_only(true));
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind({asio::ip::make_address_v6(address), port});
  acceptor_.listen();
  accept();
  thread_ = std::thread([this] { io_.run(); });
}

Ipv6Relay::~Ipv6Relay() {
  io_.stop();
  thread_.join();
}

void Ipv6Relay::accept() {
  acceptor_.async_accept([this](const std::error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    // Out of descriptors, say: it would fail again at once.
    if (error) std::this_thread::sleep_for(std::chrono::milliseconds(100));
    if (!error && open_ < kMost) {
      ++open_;
      std::make_shared<Pair>(std::move(socket), io_, [this] { --open_; })->start(inner_port_);
    }
    accept();
  });
}

}  // namespace penstock::control
