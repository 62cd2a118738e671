// control/metrics/http_server.h - a few pages over HTTP or HTTPS to whoever asks: GET, nothing else, a connection for each.
//
// One thread and no worker that a client could hold: civetweb inside prometheus-cpp has a thread for each connection, and Debian builds
// it without IPv6. Whoever does not say what he wants in time is hung up on, and before that when his place is needed, the
// longest open first: half-sent requests do not keep a scrape out. A second thread checks passwords, and nothing waits for it but who
// sent one that is not known yet.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>

#include "config/contract/address.h"
#include "control/metrics/metrics_access.h"

namespace penstock::control {

struct HttpLimits {
  size_t connections = 64;
  size_t request = 8192;  // octets, headers included
  std::chrono::milliseconds asking{5'000};
  std::chrono::milliseconds answering{10'000};
};

struct HttpPage {
  enum class Status : uint8_t { good, unavailable, needs_user };  // 200, 503, 401
  Status status = Status::good;
  std::string text;
};

class HttpServer {
 public:
  // The page of a path; nothing: there is none. `is_trusted`: no user is asked for, or the one that asks has said the right password.
  using Pages = std::function<std::optional<HttpPage>(std::string_view path, bool is_trusted)>;

  // `pages` is called on the server's own thread, at each request. Port 0 takes a free one. Throws std::system_error when the address
  // cannot be bound.
  HttpServer(const config::IpAddress& address, uint16_t port, const HttpLimits& limits,
             std::shared_ptr<MetricsAccess> access, Pages pages);
  ~HttpServer();

  uint16_t port() const { return acceptor_.local_endpoint().port(); }
  // For connections from now on. On any thread.
  void use(std::shared_ptr<MetricsAccess> access);

 private:
  class Connection;
  void accept();
  void make_room();
  void report_refusal(const asio::ip::tcp::socket& socket);
  std::shared_ptr<MetricsAccess> access() const;

  HttpLimits limits_;
  Pages pages_;
  mutable std::mutex lock_;  // of access_
  std::shared_ptr<MetricsAccess> access_;
  std::list<std::shared_ptr<Connection>> connections_;  // the longest open first
  asio::io_context io_;
  asio::ip::tcp::acceptor acceptor_;
  asio::steady_timer again_;
  asio::thread_pool checker_{1};
  size_t checking_ = 0;  // passwords that the checker has; of the server's thread, as the next two
  uint64_t refusals_ = 0;
  std::optional<std::chrono::steady_clock::time_point> reported_at_;
  std::thread thread_;
};

}  // namespace penstock::control
