// control/metrics/ipv6_relay.h - takes TCP connections on an IPv6 address and passes them on to a port of 127.0.0.1.
//
// Debian 12 builds civetweb, the HTTP server inside prometheus-cpp, without IPv6. This stands before it when metrics.listen is
// an IPv6 address. A thread of its own; at most kMost connections at a time.
#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace penstock::control {

class Ipv6Relay {
 public:
  static constexpr int kMost = 32;

  // `address` without brackets; port 0 takes a free one. Throws std::system_error when it cannot be bound.
  Ipv6Relay(const std::string& address, uint16_t port, uint16_t inner_port);
  ~Ipv6Relay();

  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  void accept();

  // Before io_: connections that end with it still count themselves out.
  int open_ = 0;
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  uint16_t inner_port_;
  std::thread thread_;
};

}  // namespace penstock::control
