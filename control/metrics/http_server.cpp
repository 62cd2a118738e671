#include "control/metrics/http_server.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <asio/buffer.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

namespace penstock::control {
namespace {

using asio::ip::tcp;

asio::ip::address to_asio(const config::IpAddress& address) {
  if (address.is_v6()) return asio::ip::address_v6(address.bytes);
  asio::ip::address_v4::bytes_type four;
  std::copy_n(address.bytes.begin(), four.size(), four.begin());
  return asio::ip::address_v4(four);
}

std::string response(std::string_view status, std::string_view body, bool is_head) {
  std::string text =
      "HTTP/1.1 " + std::string(status) +
      "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\nConnection: close\r\n\r\n";
  return is_head ? text : text.append(body);
}

// RFC 9112 section 3: method, target, version. A query behind the path changes nothing.
std::string answer_to(std::string_view request, const HttpServer::Pages& pages) {
  const std::string_view line = request.substr(0, request.find("\r\n"));
  const size_t space = line.find(' ');
  const size_t end = space == std::string_view::npos ? space : line.find(' ', space + 1);
  if (end == std::string_view::npos || line.substr(end + 1, 7) != "HTTP/1.")
    return response("400 Bad Request", "", false);
  const std::string_view method = line.substr(0, space);
  const bool is_head = method == "HEAD";
  if (method != "GET" && !is_head) return response("405 Method Not Allowed", "", false);
  const std::string_view target = line.substr(space + 1, end - space - 1);
  const auto page = pages(target.substr(0, target.find('?')));
  if (!page) return response("404 Not Found", "Pages are /metrics, /healthz and /readyz\n", is_head);
  return response(page->is_good ? "200 OK" : "503 Service Unavailable", page->text, is_head);
}

}  // namespace

class HttpServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpServer& server, tcp::socket socket)
      : server_(server), socket_(std::move(socket)), deadline_(server.io_) {}

  void start() {
    expire_after(server_.limits_.asking);
    asio::async_read_until(socket_, asio::dynamic_buffer(request_, server_.limits_.request), "\r\n\r\n",
                           [self = shared_from_this()](const std::error_code& error, size_t) {
                             if (error) return self->close();
                             self->answer();
                           });
  }
  void close() {
    std::error_code ignored;
    socket_.close(ignored);
    deadline_.cancel();
    server_.connections_.remove(shared_from_this());
  }
  bool is_asking() const { return is_asking_; }

 private:
  void expire_after(std::chrono::milliseconds time) {
    deadline_.expires_after(time);
    deadline_.async_wait([self = shared_from_this()](const std::error_code& error) {
      if (!error) self->close();
    });
  }
  void answer() {
    is_asking_ = false;
    expire_after(server_.limits_.answering);
    answer_ = answer_to(request_, server_.pages_);
    asio::async_write(socket_, asio::buffer(answer_),
                      [self = shared_from_this()](const std::error_code& error, size_t) {
                        std::error_code ignored;
                        self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
                        if (error) return self->close();
                        self->wait_for_end();
                      });
  }
  // Closed with octets unread the kernel would cut the answer short.
  void wait_for_end() {
    socket_.async_read_some(asio::buffer(rest_), [self = shared_from_this()](const std::error_code& error, size_t) {
      if (error) return self->close();
      self->wait_for_end();
    });
  }

  HttpServer& server_;
  tcp::socket socket_;
  asio::steady_timer deadline_;
  bool is_asking_ = true;
  std::string request_;
  std::string answer_;
  std::array<char, 1024> rest_;
};

HttpServer::HttpServer(const config::IpAddress& address, uint16_t port, const HttpLimits& limits, Pages pages)
    : limits_(limits), pages_(std::move(pages)), acceptor_(io_), again_(io_) {
  const tcp::endpoint endpoint(to_asio(address), port);
  acceptor_.open(endpoint.protocol());
  if (address.is_v6()) acceptor_.set_option(asio::ip::v6_only(true));
  acceptor_.set_option(tcp::acceptor::reuse_address(true));
  acceptor_.bind(endpoint);
  acceptor_.listen();
  accept();
  thread_ = std::thread([this] { io_.run(); });
}

HttpServer::~HttpServer() {
  io_.stop();
  thread_.join();
  connections_.clear();  // before io_, which their sockets need
}

void HttpServer::make_room() {
  if (connections_.size() < limits_.connections) return;
  const auto asking =
      std::find_if(connections_.begin(), connections_.end(), [](const auto& one) { return one->is_asking(); });
  const std::shared_ptr<Connection> longest = asking != connections_.end() ? *asking : connections_.front();
  longest->close();
}

void HttpServer::accept() {
  acceptor_.async_accept([this](const std::error_code& error, tcp::socket socket) {
    if (error == asio::error::operation_aborted) return;
    if (error) {  // out of descriptors, say: it would fail again at once
      again_.expires_after(std::chrono::milliseconds(100));
      again_.async_wait([this](const std::error_code& ended) {
        if (!ended) accept();
      });
      return;
    }
    make_room();
    connections_.push_back(std::make_shared<Connection>(*this, std::move(socket)));
    connections_.back()->start();
    accept();
  });
}

}  // namespace penstock::control
