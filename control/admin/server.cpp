#include "control/admin/server.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "config/contract/link.h"

namespace penstock::control {
namespace {

using asio::local::stream_protocol;
using nlohmann::json;

constexpr std::chrono::seconds kIdle{30};

config::ListeningSocket listen_on(const std::string& path) {
  auto listener = config::ListeningSocket::open(path, SOCK_STREAM, 0600, kMaxAdminClients, "control.socket",
                                                "another penstock-control is running there");
  if (!listener) throw std::runtime_error(listener.error());
  return std::move(*listener);
}

std::string refusal(const std::string& why) {
  return json{{"ok", false}, {"error", why}}.dump() + "\n";
}

// A name or a reason may hold bytes that are no UTF-8: they must not throw.
std::string text_of(const json& answer) {
  return answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace

class AdminServer::Client : public std::enable_shared_from_this<Client> {
 public:
  Client(AdminServer& server, stream_protocol::socket socket)
      : server_(server), socket_(std::move(socket)), idle_(server.io_) {}

  void read() {
    is_idle_ = true;
    wait_for_client();
    asio::async_read_until(
        socket_, asio::dynamic_buffer(input_, kMaxAdminRequest), '\n',
        [self = shared_from_this()](std::error_code error, size_t size) { self->on_line(error, size); });
  }
  // Says why, then hangs up.
  void refuse(const std::string& why) { write(refusal(why), true); }
  void close() {
    idle_.cancel();
    std::error_code ignored;
    socket_.close(ignored);
    server_.clients_.remove(shared_from_this());
  }
  // Nothing of its is being done.
  bool is_idle() const { return is_idle_; }

 private:
  // To ask, or to read.
  void wait_for_client() {
    idle_.expires_after(kIdle);
    idle_.async_wait([self = shared_from_this()](std::error_code error) {
      if (!error) self->close();
    });
  }
  void on_line(std::error_code error, size_t size) {
    idle_.cancel();
    if (!socket_.is_open()) return;  // it has made room meanwhile
    if (error == asio::error::not_found)
      return refuse("the request is longer than " + std::to_string(kMaxAdminRequest) + " bytes");
    if (error) return close();
    is_idle_ = false;
    server_.clients_.remove(shared_from_this());
    server_.clients_.push_back(shared_from_this());
    const std::string line = input_.substr(0, size - 1);
    input_.erase(0, size);
    server_.commands_.run(
        line, [self = shared_from_this()](const json& answer) { self->write(text_of(answer), false); },
        [self = shared_from_this()](const json& answer, const config::SharedDescriptor& descriptor) {
          self->hand_over(text_of(answer), *descriptor);
        });
  }
  // Asio has no call for it. The answer is short: only who does not read its answers has no room for it.
  void hand_over(const std::string& text, const config::Descriptor& descriptor) {
    if (!socket_.is_open()) return;
    if (!config::send_message(socket_.native_handle(), text.data(), text.size(), {descriptor.get()})) return close();
    read();
  }
  void write(std::string text, bool last) {
    if (!socket_.is_open()) return;
    auto kept = std::make_shared<std::string>(std::move(text));
    is_idle_ = true;
    wait_for_client();
    asio::async_write(socket_, asio::buffer(*kept),
                      [self = shared_from_this(), kept, last](std::error_code error, size_t) {
                        if (error || last) return self->close();
                        self->read();
                      });
  }

  AdminServer& server_;
  stream_protocol::socket socket_;
  asio::steady_timer idle_;
  std::string input_;
  bool is_idle_ = true;
};

AdminServer::AdminServer(asio::io_context& io, const std::string& path, Operations& operations)
    : io_(io), name_(listen_on(path)), commands_(operations), acceptor_(io, stream_protocol(), name_.release()) {}

AdminServer::~AdminServer() {
  stop();
}

void AdminServer::start() {
  accept();
}

void AdminServer::stop() {
  if (!acceptor_.is_open()) return;
  std::error_code ignored;
  acceptor_.close(ignored);
  name_.remove_name();
  for (const auto& client : std::list(clients_)) client->close();
}

bool AdminServer::make_room() {
  if (clients_.size() < kMaxAdminClients) return true;
  const auto idle = std::find_if(clients_.begin(), clients_.end(), [](const auto& one) { return one->is_idle(); });
  if (idle == clients_.end()) return false;
  const std::shared_ptr<Client> longest = *idle;
  longest->close();
  return true;
}

void AdminServer::accept() {
  acceptor_.async_accept([this](std::error_code error, stream_protocol::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (!error) {
      const auto client = std::make_shared<Client>(*this, std::move(socket));
      if (make_room()) {
        clients_.push_back(client);
        client->read();
      } else {
        client->refuse(std::to_string(kMaxAdminClients) + " clients are waiting for answers already: try again");
      }
    } else {
      spdlog::warn("admin: accept: {}", error.message());
    }
    accept();
  });
}

}  // namespace penstock::control
