#include "control/metrics/http_server.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <string_view>

#include <asio/buffer.hpp>
#include <asio/ip/v6_only.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>

namespace penstock::control {
namespace {

using asio::ip::tcp;

constexpr size_t kMostChecks = 16;  // of passwords at a time: a second or so

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

// RFC 9110 section 11.6.2; empty: there is none, or more than one.
std::string authorization_of(std::string_view request) {
  constexpr std::string_view kField = "\r\nauthorization:";
  std::string lower(request);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  const size_t at = lower.find(kField);
  if (at == std::string::npos || lower.find(kField, at + 1) != std::string::npos) return {};
  const size_t begin = request.find_first_not_of(" \t", at + kField.size());
  std::string_view value = request.substr(begin, request.find("\r\n", begin) - begin);
  while (value.ends_with(' ') || value.ends_with('\t')) value.remove_suffix(1);
  return std::string(value);
}

// RFC 9112 section 3: method, target, version. A query behind the path changes nothing.
std::string answer_to(std::string_view request, bool is_trusted, const HttpServer::Pages& pages) {
  const std::string_view line = request.substr(0, request.find("\r\n"));
  const size_t space = line.find(' ');
  const size_t end = space == std::string_view::npos ? space : line.find(' ', space + 1);
  if (end == std::string_view::npos || line.substr(end + 1, 7) != "HTTP/1.")
    return response("400 Bad Request", "", false);
  const std::string_view method = line.substr(0, space);
  const bool is_head = method == "HEAD";
  if (method != "GET" && !is_head) return response("405 Method Not Allowed", "", false);
  const std::string_view target = line.substr(space + 1, end - space - 1);
  const auto page = pages(target.substr(0, target.find('?')), is_trusted);
  if (!page) return response("404 Not Found", "Pages are /metrics, /healthz and /readyz\n", is_head);
  switch (page->status) {
    case HttpPage::Status::good:
      return response("200 OK", page->text, is_head);
    case HttpPage::Status::unavailable:
      return response("503 Service Unavailable", page->text, is_head);
    case HttpPage::Status::needs_user:
      break;
  }
  return response("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"penstock\", charset=\"UTF-8\"", page->text,
                  is_head);
}

}  // namespace

class HttpServer::Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(HttpServer& server, tcp::socket socket)
      : server_(server), access_(server.access()), socket_(std::move(socket)), deadline_(server.io_) {}

  void start() {
    expire_after(server_.limits_.asking);
    if (access_->tls() == nullptr) return read();
    // 22: a TLS handshake (RFC 8446 section 5.1). Who speaks plain HTTP is told so, and nothing else.
    socket_.async_receive(asio::buffer(first_), tcp::socket::message_peek,
                          [self = shared_from_this()](const std::error_code& error, size_t) {
                            if (error) return self->close();
                            if (self->first_[0] == 22) return self->shake_hands();
                            self->read();
                          });
  }
  void close() {
    std::error_code ignored;
    is_closed_ = true;
    socket_.close(ignored);
    deadline_.cancel();
    server_.connections_.remove(shared_from_this());
  }
  // It has said nothing yet that gives it a right to its place: no request, or no password that is right.
  bool is_asking() const { return is_asking_; }

 private:
  void expire_after(std::chrono::milliseconds time) {
    deadline_.expires_after(time);
    deadline_.async_wait([self = shared_from_this()](const std::error_code& error) {
      if (!error) self->close();
    });
  }
  void shake_hands() {
    tls_.emplace(socket_, *access_->tls());
    tls_->async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](const std::error_code& error) {
      if (error) return self->close();
      self->read();
    });
  }
  // On the stream that is spoken: TLS, or the socket itself.
  template <typename Use>
  void with_stream(Use&& use) {
    if (tls_)
      use(*tls_);
    else
      use(socket_);
  }
  void read() {
    with_stream([this](auto& stream) {
      asio::async_read_until(stream, asio::dynamic_buffer(request_, server_.limits_.request), "\r\n\r\n",
                             [self = shared_from_this()](const std::error_code& error, size_t) {
                               if (error) return self->close();
                               self->consider();
                             });
    });
  }
  void consider() {
    expire_after(server_.limits_.answering);
    if (access_->tls() != nullptr && !tls_)
      return write(response("400 Bad Request", "This port speaks HTTPS: ask for https://\n", false));
    if (!access_->has_users()) return answer(true);
    const std::string said = authorization_of(request_);
    if (said.empty()) return answer(false);
    if (access_->is_known(said)) return answer(true);
    check(said);
  }
  void check(const std::string& said) {
    if (server_.checking_ == kMostChecks)
      return write(response("503 Service Unavailable", "Too many passwords are being checked: ask again\n", false));
    ++server_.checking_;
    asio::post(server_.checker_, [self = shared_from_this(), said] {
      const bool is_right = !self->is_closed_ && self->access_->is_right(said);
      asio::post(self->server_.io_, [self, is_right] {
        --self->server_.checking_;
        if (self->is_closed_) return;
        if (!is_right) self->server_.report_refusal(self->socket_);
        self->answer(is_right);
      });
    });
  }
  void answer(bool is_trusted) {
    is_asking_ = !is_trusted;
    write(answer_to(request_, is_trusted, server_.pages_));
  }
  void write(std::string text) {
    answer_ = std::move(text);
    with_stream([this](auto& stream) {
      asio::async_write(stream, asio::buffer(answer_),
                        [self = shared_from_this()](const std::error_code& error, size_t) {
                          if (error) return self->close();
                          if (self->tls_) return self->say_goodbye();
                          std::error_code ignored;
                          self->socket_.shutdown(tcp::socket::shutdown_send, ignored);
                          self->wait_for_end();
                        });
    });
  }
  void say_goodbye() {
    tls_->async_shutdown([self = shared_from_this()](const std::error_code&) { self->close(); });
  }
  // Closed with octets unread the kernel would cut the answer short.
  void wait_for_end() {
    socket_.async_read_some(asio::buffer(rest_), [self = shared_from_this()](const std::error_code& error, size_t) {
      if (error) return self->close();
      self->wait_for_end();
    });
  }

  HttpServer& server_;
  const std::shared_ptr<MetricsAccess> access_;
  tcp::socket socket_;
  std::optional<asio::ssl::stream<tcp::socket&>> tls_;
  asio::steady_timer deadline_;
  bool is_asking_ = true;
  std::atomic<bool> is_closed_{false};  // read by the checker's thread, too
  std::array<unsigned char, 1> first_{};
  std::string request_;
  std::string answer_;
  std::array<char, 1024> rest_;
};

HttpServer::HttpServer(const config::IpAddress& address, uint16_t port, const HttpLimits& limits,
                       std::shared_ptr<MetricsAccess> access, Pages pages)
    : limits_(limits), pages_(std::move(pages)), access_(std::move(access)), acceptor_(io_), again_(io_) {
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
  checker_.stop();
  checker_.join();
  connections_.clear();  // before io_, which their sockets need
}

void HttpServer::use(std::shared_ptr<MetricsAccess> access) {
  const std::scoped_lock lock(lock_);
  access_ = std::move(access);
}

std::shared_ptr<MetricsAccess> HttpServer::access() const {
  const std::scoped_lock lock(lock_);
  return access_;
}

// A line a minute: who guesses passwords must not fill the log.
void HttpServer::report_refusal(const tcp::socket& socket) {
  const auto now = std::chrono::steady_clock::now();
  ++refusals_;
  if (reported_at_ && now - *reported_at_ < std::chrono::minutes(1)) return;
  std::error_code ignored;
  spdlog::warn("metrics: wrong user or password from {}, {} since the last such line",
               socket.remote_endpoint(ignored).address().to_string(), refusals_);
  reported_at_ = now;
  refusals_ = 0;
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
