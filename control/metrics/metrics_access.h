// control/metrics/metrics_access.h - certificate and users of the metrics port, as they were when they were read.
//
// Passwords are known by their bcrypt hashes alone. To check one takes tens of milliseconds, on purpose: it is done on a thread that nothing
// waits for, and a password that was right is known by a keyed digest from then on.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <asio/ssl/context.hpp>
#include <tl/expected.hpp>

#include "config/model.h"

namespace penstock::control {

class MetricsAccess {
 public:
  // Reads the files. The error names key, file and remedy.
  static tl::expected<std::shared_ptr<MetricsAccess>, std::string> open(const config::MetricsAccess& settings);

  // Null: plain HTTP.
  asio::ssl::context* tls() const { return tls_.get(); }
  bool has_users() const { return !hashes_.empty(); }

  // `authorization`: the value of the HTTP field, RFC 7617. On any thread.
  // At once: this password was right before.
  bool is_known(std::string_view authorization) const;
  // As long for a user that there is not as for a wrong password.
  bool is_right(std::string_view authorization);

 private:
  using Digest = std::array<uint8_t, 32>;

  explicit MetricsAccess(const config::MetricsAccess& settings);
  Digest digest_of(const std::string& user, const std::string& password) const;

  std::unique_ptr<asio::ssl::context> tls_;
  std::map<std::string, std::string> hashes_;  // by user
  Digest key_{};                               // of the digests, random
  mutable std::mutex lock_;
  std::map<std::string, Digest> known_;  // by user
};

}  // namespace penstock::control
