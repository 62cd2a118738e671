#include "control/admin/server.h"

#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/post.hpp>
#include <asio/read_until.hpp>
#include <asio/steady_timer.hpp>
#include <asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "config/contract/link.h"

namespace penstock::control {
namespace {

using asio::local::stream_protocol;
using nlohmann::json;

constexpr std::chrono::seconds kIdle{30};
constexpr std::chrono::seconds kBetweenDenials{1};  // in the log: anybody on the host can connect

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
      : server_(server), socket_(std::move(socket)), idle_(server.io_), roles_version_(server.roles_version_) {
    if (auto peer = peer_of(socket_.native_handle())) peer_ = std::move(*peer);
    if (peer_.is_ours()) rights_ = kAllRights;
  }

  Peer& peer() { return peer_; }
  bool is_ours() const { return peer_.is_ours(); }
  uint64_t roles_version() const { return roles_version_; }
  void set_roles_version(uint64_t version) { roles_version_ = version; }
  void set_rights(Rights rights) { rights_ = rights; }

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
        line, peer_, rights_, [self = shared_from_this()](const json& answer) { self->write(text_of(answer), false); },
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
                        const bool is_outdated = self->roles_version_ != self->server_.roles_version_;
                        if (error || last || (is_outdated && !self->is_ours())) return self->close();
                        self->read();
                      });
  }

  AdminServer& server_;
  stream_protocol::socket socket_;
  asio::steady_timer idle_;
  uint64_t roles_version_;  // that the rights follow from
  Peer peer_{static_cast<uid_t>(-1), 0, {}, {}};
  Rights rights_;
  std::string input_;
  bool is_idle_ = true;
};

AdminServer::AdminServer(asio::io_context& io, const std::string& path, Operations& operations)
    : io_(io),
      path_(path),
      name_(listen_on(path)),
      commands_(operations),
      acceptor_(io, stream_protocol(), name_.release()) {}

AdminServer::~AdminServer() {
  stop();
  names_.stop();
  names_.join();
}

void AdminServer::use(const config::Control& control) {
  if (control.look == roles_.look && control.change == roles_.change && roles_version_ != 0) return;
  roles_ = control;
  ++roles_version_;
  const bool is_for_groups = !control.look.empty() || !control.change.empty();
  // Who gets through is decided client by client: this only spares the others the attempt.
  if (chmod(path_.c_str(), is_for_groups ? 0666 : 0600) != 0)
    spdlog::error("control.socket {}: {}: groups of control.look and control.change cannot connect", path_,
                  std::strerror(errno));
  for (const auto& client : std::list(clients_))
    if (client->is_idle() && !client->is_ours()) client->close();
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

void AdminServer::take_in(const std::shared_ptr<Client>& client) {
  if (!make_room())
    return client->refuse(std::to_string(kMaxAdminClients) + " clients are waiting for answers already: try again");
  clients_.push_back(client);
  client->read();
}

// Strangers take no place from anybody: they are not among the clients.
void AdminServer::look_up(std::shared_ptr<Client> client) {
  if (looked_up_ >= kMaxAdminClients) return client->refuse("too many users connect at once: try again");
  ++looked_up_;
  client->set_roles_version(roles_version_);
  asio::post(names_, [this, client, peer = client->peer(), control = roles_]() mutable {
    const Roles roles = Roles::of(control);
    peer.user = user_name(peer.uid);
    asio::post(io_, [this, client = std::move(client), peer = std::move(peer), roles, control = std::move(control)] {
      --looked_up_;
      if (!acceptor_.is_open()) return client->close();
      for (const std::string& group : roles.unknown)
        spdlog::warn("admin: control.look or control.change names group '{}', which this host does not know", group);
      client->peer() = peer;
      const Rights rights = rights_of(peer, roles);
      client->set_rights(rights);
      if (client->roles_version() != roles_version_) return look_up(client);
      if (rights.look) return take_in(client);
      const auto now = std::chrono::steady_clock::now();
      if (now >= next_denial_) write_audit({peer.user, peer.uid, peer.pid, "connect", AuditEvent::Result::denied});
      next_denial_ = std::max(next_denial_, now + kBetweenDenials);
      client->refuse(denial(peer, control));
    });
  });
}

void AdminServer::accept() {
  acceptor_.async_accept([this](std::error_code error, stream_protocol::socket socket) {
    if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
    if (!error) {
      const auto client = std::make_shared<Client>(*this, std::move(socket));
      client->is_ours() ? take_in(client) : look_up(client);
    } else {
      spdlog::warn("admin: accept: {}", error.message());
    }
    accept();
  });
}

}  // namespace penstock::control
