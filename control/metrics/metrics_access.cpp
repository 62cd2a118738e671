#include "control/metrics/metrics_access.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace penstock::control {
namespace {

constexpr size_t kMostOctets = size_t{1} << 20;  // of a PEM file

std::string own_user() {
  std::vector<char> room(4096);
  passwd entry{};
  passwd* found = nullptr;
  if (getpwuid_r(geteuid(), &entry, room.data(), room.size(), &found) == 0 && found != nullptr) return found->pw_name;
  return "of id " + std::to_string(geteuid());
}

// Throws std::runtime_error with the remedy.
std::string read_pem(const char* key, const std::string& path) {
  errno = 0;
  std::ifstream file(path);
  std::ostringstream text;
  const int failed = file ? 0 : errno;
  if (file) text << file.rdbuf();
  std::string content = text.str();
  if (failed == 0 && !content.empty() && content.size() <= kMostOctets) return content;
  std::string why = "it is empty";
  if (content.size() > kMostOctets) why = "it has more than 1 MiB";
  if (failed != 0) why = strerror(failed);
  std::string remedy;
  if (failed == EACCES || failed == EPERM)
    remedy = "; penstock-control runs as user " + own_user() + ": chgrp penstock " + path + " && chmod 640 " + path +
             ", and let the group enter its folder";
  throw std::runtime_error("metrics.tls." + std::string(key) + ": cannot read " + path + ": " + why + remedy);
}

std::unique_ptr<asio::ssl::context> open_tls(const config::MetricsTls& files) {
  const std::string certificate = read_pem("certificate", files.certificate);
  const std::string key = read_pem("key", files.key);
  auto tls = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
  SSL_CTX_set_min_proto_version(tls->native_handle(), TLS1_2_VERSION);
  SSL_CTX_set_options(tls->native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Else OpenSSL would ask on the terminal.
  tls->set_password_callback([](size_t, asio::ssl::context::password_purpose) { return std::string(); });
  std::error_code error;
  tls->use_certificate_chain(asio::buffer(certificate), error);
  if (error)
    throw std::runtime_error("metrics.tls.certificate: " + files.certificate + " has no certificate in PEM (" +
                             error.message() + "): it begins with -----BEGIN CERTIFICATE-----");
  tls->use_private_key(asio::buffer(key), asio::ssl::context::pem, error);
  if (error || SSL_CTX_check_private_key(tls->native_handle()) != 1)
    throw std::runtime_error("metrics.tls.key: " + files.key + " is not the private key of " + files.certificate +
                             " in PEM without a passphrase" + (error ? " (" + error.message() + ")" : ""));
  return tls;
}

struct Credentials {
  std::string user;
  std::string password;
};

// RFC 7617 section 2. Nothing: it is none.
std::optional<Credentials> read_basic(std::string_view authorization) {
  constexpr std::string_view kScheme = "basic ";
  if (authorization.size() <= kScheme.size()) return std::nullopt;
  for (size_t i = 0; i < kScheme.size(); ++i)
    if ((authorization[i] | 0x20) != kScheme[i]) return std::nullopt;
  const size_t begin = authorization.find_first_not_of(' ', kScheme.size());
  if (begin == std::string_view::npos) return std::nullopt;
  const std::string_view coded = authorization.substr(begin);
  if (coded.size() % 4 != 0 || coded.size() > 1024) return std::nullopt;
  std::string text(coded.size() / 4 * 3, '\0');
  const int length =
      EVP_DecodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(coded.data()), static_cast<int>(coded.size()));
  if (length < 0) return std::nullopt;
  text.resize(static_cast<size_t>(length) - (coded.ends_with("==") ? 2 : coded.ends_with('=') ? 1 : 0));
  const size_t colon = text.find(':');
  // crypt(3) would end the password at a NUL.
  if (colon == std::string::npos || text.find('\0') != std::string::npos) return std::nullopt;
  return Credentials{text.substr(0, colon), text.substr(colon + 1)};
}

bool is_same(std::string_view one, std::string_view other) {
  return one.size() == other.size() && CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

bool has_hash(const std::string& password, const std::string& hash) {
  const auto room = std::make_unique<crypt_data>();
  const char* made = crypt_r(password.c_str(), hash.c_str(), room.get());
  const bool is_right = made != nullptr && made[0] == '$' && is_same(made, hash);
  OPENSSL_cleanse(room.get(), sizeof *room);
  return is_right;
}

}  // namespace

MetricsAccess::MetricsAccess(const config::MetricsAccess& settings) {
  if (settings.tls) tls_ = open_tls(*settings.tls);
  for (const config::MetricsUser& user : settings.users) hashes_[user.name] = user.password_hash;
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1)
    throw std::runtime_error("metrics: OpenSSL has no random numbers");
}

tl::expected<std::shared_ptr<MetricsAccess>, std::string> MetricsAccess::open(const config::MetricsAccess& settings) {
  try {
    return std::shared_ptr<MetricsAccess>(new MetricsAccess(settings));
  } catch (const std::exception& error) {
    return tl::make_unexpected(std::string(error.what()));
  }
}

MetricsAccess::Digest MetricsAccess::digest_of(const std::string& user, const std::string& password) const {
  const std::string text = user + ":" + password;
  Digest digest{};
  unsigned length = digest.size();
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), digest.data(), &length);
  return digest;
}

bool MetricsAccess::is_known(std::string_view authorization) const {
  const auto said = read_basic(authorization);
  if (!said) return false;
  const Digest digest = digest_of(said->user, said->password);
  const std::scoped_lock lock(lock_);
  const auto known = known_.find(said->user);
  return known != known_.end() && CRYPTO_memcmp(known->second.data(), digest.data(), digest.size()) == 0;
}

bool MetricsAccess::is_right(std::string_view authorization) {
  const auto said = read_basic(authorization);
  if (!said || hashes_.empty()) return false;
  const auto user = hashes_.find(said->user);
  const bool is_user = user != hashes_.end();
  // The hash of another user takes as long, and counts for nothing.
  const bool is_password = has_hash(said->password, is_user ? user->second : hashes_.begin()->second);
  if (!is_user || !is_password) return false;
  const Digest digest = digest_of(said->user, said->password);
  const std::scoped_lock lock(lock_);
  known_[said->user] = digest;
  return true;
}

}  // namespace penstock::control
