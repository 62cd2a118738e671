// control/queries/dnstap/connection.h - a stream of octets to a collector, over a UNIX socket, TCP or TLS. It waits only where it says so.
// The user's thread alone uses it; errors are std::runtime_error, and then it is of no more use.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/model.h"
#include "control/queries/dnstap/tls_session.h"

namespace penstock::control {

class Connection {
 public:
  // Waits until the collector has accepted and, with TLS, is known: 2 s at most, and less when `stop` becomes true.
  Connection(const config::Dnstap& settings, const std::atomic<bool>& stop);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // To be sent by the next move().
  void put(std::string_view octets) { out_.append(octets); }
  // Sends what the kernel takes now, and receives what is there.
  void move();
  // Moves until `size` octets have come, and takes these; until all that was put is sent.
  void receive(void* to, size_t size, std::chrono::milliseconds longest, const std::atomic<bool>* stop);
  void send_all(std::chrono::milliseconds longest);

  // Octets put so far, and those of them that the kernel has.
  uint64_t put_octets() const { return gone_ + out_.size(); }
  uint64_t sent_octets() const { return gone_ + head_; }

 private:
  void connect(const config::Dnstap& settings, const std::atomic<bool>& stop);
  void move_until(const std::function<bool()>& done, std::chrono::milliseconds longest, const std::atomic<bool>* stop);
  void exchange();
  void receive_some();
  bool send_some(std::string_view octets, size_t& sent);
  void send_plain();
  void send_encrypted();
  void drop_sent();

  int fd_ = -1;
  bool has_ended_ = false;  // the collector says no more
  std::optional<TlsSession> tls_;
  std::string in_;     // received, not taken
  std::string out_;    // put, not all sent
  size_t head_ = 0;    // of out_, sent
  uint64_t gone_ = 0;  // octets that were in out_ before
  std::string wire_;   // of TLS: what is being sent,
  size_t wire_head_ = 0;
  size_t wire_carries_ = 0;  // and how much of out_ it is
};

}  // namespace penstock::control
