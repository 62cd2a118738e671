#include "control/queries/dnstap/tls_session.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <array>
#include <stdexcept>

namespace penstock::control {
namespace {

[[noreturn]] void fail(const std::string& what) {
  const unsigned long code = ERR_get_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  ERR_clear_error();
  throw std::runtime_error(reason == nullptr ? what : what + ": " + reason);
}

void want(bool done, const std::string& what) {
  if (!done) fail(what);
}

// A key with a passphrase: nobody is there to type it.
int no_passphrase(char*, int, int, void*) {
  return 0;
}

void use_files(SSL_CTX* context, const config::DnstapTls& settings) {
  if (settings.ca.empty())
    want(SSL_CTX_set_default_verify_paths(context) == 1, "the system's certificates cannot be used");
  else
    want(SSL_CTX_load_verify_file(context, settings.ca.c_str()) == 1, "tls.ca " + settings.ca + " cannot be used");
  if (settings.certificate.empty()) return;
  SSL_CTX_set_default_passwd_cb(context, no_passphrase);
  want(SSL_CTX_use_certificate_chain_file(context, settings.certificate.c_str()) == 1,
       "tls.certificate " + settings.certificate + " cannot be used");
  want(SSL_CTX_use_PrivateKey_file(context, settings.key.c_str(), SSL_FILETYPE_PEM) == 1,
       "tls.key " + settings.key + " cannot be used");
}

}  // namespace

TlsSession::TlsSession(const config::DnstapTls& settings, const std::string& address) {
  ERR_clear_error();
  context_.reset(SSL_CTX_new(TLS_client_method()));
  want(context_ != nullptr, "TLS cannot be used");
  SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
  use_files(context_.get(), settings);
  ssl_.reset(SSL_new(context_.get()));
  want(ssl_ != nullptr, "TLS cannot be used");
  if (settings.name.empty()) {
    want(X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), address.c_str()) == 1, "TLS cannot be used");
  } else {
    want(SSL_set1_host(ssl_.get(), settings.name.c_str()) == 1 &&
             SSL_set_tlsext_host_name(ssl_.get(), settings.name.c_str()) == 1,
         "TLS cannot be used");
  }
  in_ = BIO_new(BIO_s_mem());
  out_ = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl_.get(), in_, out_);
  SSL_set_connect_state(ssl_.get());
}

bool TlsSession::receive(std::string_view octets, std::string& said) {
  ERR_clear_error();
  if (!octets.empty()) BIO_write(in_, octets.data(), static_cast<int>(octets.size()));
  std::array<char, 4096> plain;
  int result = SSL_read(ssl_.get(), plain.data(), plain.size());  // the handshake, too
  for (; result > 0; result = SSL_read(ssl_.get(), plain.data(), plain.size()))
    said.append(plain.data(), static_cast<size_t>(result));
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_WANT_READ) return true;
  if (error == SSL_ERROR_ZERO_RETURN) return false;
  if (const long verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
    throw std::runtime_error(std::string("its certificate is not accepted: ") + X509_verify_cert_error_string(verdict));
  fail("TLS failed");
}

void TlsSession::put(std::string_view plain) {
  ERR_clear_error();
  want(SSL_write(ssl_.get(), plain.data(), static_cast<int>(plain.size())) == static_cast<int>(plain.size()),
       "TLS failed");
}

std::string TlsSession::take_outgoing() {
  std::string octets(BIO_ctrl_pending(out_), '\0');
  if (!octets.empty()) BIO_read(out_, octets.data(), static_cast<int>(octets.size()));
  return octets;
}

}  // namespace penstock::control
