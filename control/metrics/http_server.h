// control/metrics/http_server.h - a few pages over HTTP to whoever asks: GET, nothing else, a connection for each.
//
// One thread and no worker that a client could hold: civetweb inside prometheus-cpp has a thread for each connection, and Debian builds
// it without IPv6. Whoever does not say what he wants in time is hung up on, and before that when his place is needed, the
// longest open first: half-sent requests do not keep a scrape out.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include "config/contract/address.h"

namespace penstock::control {

struct HttpLimits {
  size_t connections = 64;
  size_t request = 8192;  // octets, headers included
  std::chrono::milliseconds asking{5'000};
  std::chrono::milliseconds answering{10'000};
};

struct HttpPage {
  bool is_good = true;  // 200, or else 503
  std::string text;
};

class HttpServer {
 public:
  // The page of a path; nothing: there is none.
  using Pages = std::function<std::optional<HttpPage>(std::string_view path)>;

  // `pages` is called on the server's own thread, at each request. Port 0 takes a free one. Throws std::system_error when the address
  // cannot be bound.
  HttpServer(const config::IpAddress& address, uint16_t port, const HttpLimits& limits, Pages pages);
  ~HttpServer();

  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  class Connection;
  void accept();
  void make_room();

  HttpLimits limits_;
  Pages pages_;
  std::list<std::shared_ptr<Connection>> connections_;  // the longest open first
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer again_;
  std::thread thread_;
};

}  // namespace penstock::control
