// control/queries/dnstap/tls_session.h - TLS without a socket: octets of the peer go in, octets for it come out. Nothing waits.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>

#include "config/model.h"

namespace penstock::control {

class TlsSession {
 public:
  // As a client of `address`, which the peer's certificate must have unless the settings have a name. Reads the files; throws
  // std::runtime_error when one cannot be used.
  TlsSession(const config::DnstapTls& settings, const std::string& address);

  // What came from the peer. What it said is added to `said`. False: it says no more. Throws std::runtime_error when the peer cannot be trusted or breaks the
  // protocol.
  bool receive(std::string_view octets, std::string& said);
  // The peer is known and has agreed: put() may be used.
  bool is_ready() const { return SSL_is_init_finished(ssl_.get()) == 1; }
  void put(std::string_view plain);
  // What is to be sent to the peer; empty: nothing.
  std::string take_outgoing();

 private:
  struct Deleter {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };
  std::unique_ptr<SSL_CTX, Deleter> context_;
  std::unique_ptr<SSL, Deleter> ssl_;
  BIO* in_;  // owned by ssl_, as the next
  BIO* out_;
};

}  // namespace penstock::control
