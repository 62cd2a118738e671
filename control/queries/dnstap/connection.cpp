#include "control/queries/dnstap/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace penstock::control {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kOpenWait{2000};
constexpr int kSliceMs = 20;            // between looks at `stop`
constexpr size_t kRecord = 16384;       // RFC 8446 section 5.1
constexpr size_t kMostSaid = 64 << 10;  // ACCEPT and FINISH are far shorter
constexpr size_t kMostSentKept = 256 << 10;
constexpr int kDeadAfterMs = 15'000;    // what was sent and not acknowledged
constexpr int kKeepAliveIdle = 30;      // s
constexpr int kKeepAliveInterval = 10;  // s

[[noreturn]] void fail(const char* what) {
  throw std::runtime_error(what + std::string(strerror(errno)));
}

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
  std::string host;  // of TCP
};

Address address_of(const config::Dnstap& settings) {
  Address address;
  if (settings.is_socket()) {
    auto* local = reinterpret_cast<sockaddr_un*>(&address.storage);
    local->sun_family = AF_UNIX;
    settings.to.copy(local->sun_path, sizeof local->sun_path - 1);
    address.length = sizeof *local;
    return address;
  }
  const size_t colon = settings.to.rfind(':');
  uint16_t port = 0;
  std::from_chars(settings.to.data() + colon + 1, settings.to.data() + settings.to.size(), port);
  address.host = settings.to.substr(0, colon);
  if (address.host.starts_with('[')) {
    address.host = address.host.substr(1, address.host.size() - 2);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr);
    address.length = sizeof *v6;
  } else {
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr);
    address.length = sizeof *v4;
  }
  return address;
}

// A collector whose host is gone says nothing: the kernel must.
void notice_death(int fd) {
  const auto set = [fd](int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); };
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, kDeadAfterMs);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
}

}  // namespace

Connection::Connection(const config::Dnstap& settings, const std::atomic<bool>& stop) {
  try {
    connect(settings, stop);
  } catch (...) {
    if (fd_ >= 0) close(fd_);
    throw;
  }
}

Connection::~Connection() {
  close(fd_);
}

void Connection::connect(const config::Dnstap& settings, const std::atomic<bool>& stop) {
  const Address address = address_of(settings);
  fd_ = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail("no socket: ");
  if (!settings.is_socket()) notice_death(fd_);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address.storage), address.length) != 0) {
    if (errno != EINPROGRESS) fail("cannot connect: ");
    const auto end = steady_clock::now() + kOpenWait;
    pollfd ready{fd_, POLLOUT, 0};
    while (poll(&ready, 1, kSliceMs) == 0)
      if (stop || steady_clock::now() > end) throw std::runtime_error("cannot connect: no answer within 2 s");
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    if ((errno = error) != 0) fail("cannot connect: ");
  }
  if (!settings.tls) return;
  tls_.emplace(*settings.tls, address.host);
  move_until([this] { return tls_->is_ready(); }, kOpenWait, &stop);
}

void Connection::move() {
  exchange();
  if (has_ended_) throw std::runtime_error("closed by the collector");
}

void Connection::exchange() {
  receive_some();
  if (tls_)
    send_encrypted();
  else
    send_plain();
}

void Connection::receive_some() {
  std::array<char, kRecord> octets;
  while (!has_ended_) {
    const ssize_t got = recv(fd_, octets.data(), octets.size(), MSG_DONTWAIT);
    has_ended_ = got == 0;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno != EAGAIN) fail("connection lost: ");
    const std::string_view part(octets.data(), static_cast<size_t>(std::max<ssize_t>(got, 0)));
    if (!tls_)
      in_.append(part);
    else if (!tls_->receive(part, in_))
      has_ended_ = true;
    if (in_.size() > kMostSaid) throw std::runtime_error("the peer is no dnstap collector: it sends data");
    if (got < 0) return;
  }
}

// False: the kernel takes no more now.
bool Connection::send_some(std::string_view octets, size_t& sent) {
  while (sent < octets.size()) {
    const ssize_t taken = send(fd_, octets.data() + sent, octets.size() - sent, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (taken >= 0)
      sent += static_cast<size_t>(taken);
    else if (errno == EAGAIN)
      return false;
    else if (errno != EINTR)
      fail("connection lost: ");
  }
  return true;
}

void Connection::send_plain() {
  send_some(out_, head_);
  drop_sent();
}

void Connection::drop_sent() {
  if (head_ != out_.size() && head_ < kMostSentKept) return;
  gone_ += head_;
  out_.erase(0, head_);
  head_ = 0;
}

void Connection::send_encrypted() {
  while (send_some(wire_, wire_head_)) {
    head_ += wire_carries_;
    wire_carries_ = wire_head_ = 0;
    drop_sent();
    if (tls_->is_ready() && !out_.empty()) {
      wire_carries_ = std::min(kRecord, out_.size() - head_);
      tls_->put(std::string_view(out_).substr(head_, wire_carries_));
    }
    wire_ = tls_->take_outgoing();
    if (wire_.empty()) return;
  }
}

void Connection::move_until(const std::function<bool()>& done, milliseconds longest, const std::atomic<bool>* stop) {
  const auto end = steady_clock::now() + longest;
  for (;;) {
    exchange();
    if (done()) return;
    if (has_ended_) throw std::runtime_error("closed by the collector");
    if (steady_clock::now() > end || (stop != nullptr && *stop))
      throw std::runtime_error("no answer within " + std::to_string(longest.count()) + " ms");
    const bool has_more = sent_octets() < put_octets() || wire_head_ < wire_.size();
    pollfd ready{fd_, static_cast<short>(has_more ? POLLIN | POLLOUT : POLLIN), 0};
    poll(&ready, 1, kSliceMs);
  }
}

void Connection::receive(void* to, size_t size, milliseconds longest, const std::atomic<bool>* stop) {
  move_until([&] { return in_.size() >= size; }, longest, stop);
  std::memcpy(to, in_.data(), size);
  in_.erase(0, size);
}

void Connection::send_all(milliseconds longest) {
  move_until([this] { return sent_octets() == put_octets(); }, longest, nullptr);
}

}  // namespace penstock::control
