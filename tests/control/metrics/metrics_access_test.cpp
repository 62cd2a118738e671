// tests/control/metrics/metrics_access_test.cpp - who may read the metrics port, by crypt(3)'s own hashes and OpenSSL's own client.
#include "control/metrics/metrics_access.h"

#include <crypt.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <random>

#include <asio/ip/tcp.hpp>
#include <asio/read.hpp>
#include <asio/ssl/stream.hpp>
#include <asio/write.hpp>

#include "control/metrics/http_server.h"

namespace penstock::control {
namespace {

using asio::ip::tcp;

std::string hash_of(const std::string& password) {
  crypt_data room{};
  return crypt_r(password.c_str(), "$2y$04$abcdefghijklmnopqrstuu", &room);
}

std::string basic(const std::string& text, const std::string& scheme = "Basic ") {
  std::string coded((text.size() + 2) / 3 * 4 + 1, '\0');
  coded.resize(static_cast<size_t>(EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                                   reinterpret_cast<const unsigned char*>(text.data()),
                                                   static_cast<int>(text.size()))));
  return scheme + coded;
}

struct SaidCase {
  const char* description;
  std::string authorization;
  bool is_right;
};

TEST(MetricsAccess, TakesTheRightPasswordOfAUser) {
  const auto access = MetricsAccess::open(
      {.tls = {}, .users = {{"prometheus", hash_of("correct horse")}, {"grafana", hash_of("b:c")}}});
  ASSERT_TRUE(access) << access.error();
  const SaidCase kCases[] = {
      {.description = "right", .authorization = basic("prometheus:correct horse"), .is_right = true},
      {.description = "a colon in the password", .authorization = basic("grafana:b:c"), .is_right = true},
      {.description = "the scheme in other letters",
       .authorization = basic("grafana:b:c", "bAsIc  "),
       .is_right = true},
      {.description = "wrong", .authorization = basic("prometheus:correct horsf"), .is_right = false},
      {.description = "another user's", .authorization = basic("grafana:correct horse"), .is_right = false},
      {.description = "no such user", .authorization = basic("root:correct horse"), .is_right = false},
      {.description = "no such user, with either password", .authorization = basic("root:b:c"), .is_right = false},
      {.description = "the hash itself", .authorization = basic("grafana:" + hash_of("b:c")), .is_right = false},
      {.description = "right, and more behind a NUL",
       .authorization = basic(std::string("grafana:b:c\0x", 13)),
       .is_right = false},
      {.description = "no colon", .authorization = basic("grafana"), .is_right = false},
      {.description = "no password", .authorization = basic("grafana:"), .is_right = false},
      {.description = "no base64", .authorization = "Basic !!!!", .is_right = false},
      {.description = "half of base64", .authorization = "Basic Z3J", .is_right = false},
      {.description = "another scheme", .authorization = basic("grafana:b:c", "Bearer "), .is_right = false},
      {.description = "only the scheme", .authorization = "Basic ", .is_right = false},
      {.description = "blanks", .authorization = "Basic      ", .is_right = false},
      {.description = "nothing", .authorization = "", .is_right = false},
  };
  for (const SaidCase& one : kCases) {
    SCOPED_TRACE(one.description);
    EXPECT_FALSE((*access)->is_known(one.authorization) && !one.is_right);
    EXPECT_EQ((*access)->is_right(one.authorization), one.is_right);
    EXPECT_EQ((*access)->is_known(one.authorization), one.is_right) << "at once from then on";
  }
  EXPECT_FALSE((*MetricsAccess::open({}))->has_users());
  EXPECT_FALSE((*MetricsAccess::open({}))->is_right(basic("a:b")));
}

TEST(MetricsAccess, TakesWhateverIsSent) {
  const auto access = *MetricsAccess::open({.tls = {}, .users = {{"grafana", hash_of("b:c")}}});
  std::minstd_rand random(7);
  for (unsigned i = 0; i < 20'000; ++i) {
    std::string said = i % 2 == 0 ? "Basic " : "basic  ";
    for (size_t length = random() % 12; length > 0; --length)
      said += i % 3 == 0 ? static_cast<char>(random()) : "Az9+/= :"[random() % 8];
    EXPECT_FALSE(access->is_known(said)) << said;
  }
}

struct Files : testing::Test {
  Files() {
    std::filesystem::create_directory(folder);
    make("one");
    make("two");
    std::ofstream(folder + "/empty");
    std::ofstream(folder + "/text") << "hello\n";
  }
  ~Files() override { std::filesystem::remove_all(folder); }
  void make(const std::string& name) const {
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" + name + " -keyout " +
        folder + "/" + name + ".key -out " + folder + "/" + name + ".pem 2>/dev/null";
    ASSERT_EQ(std::system(command.c_str()), 0);
  }
  config::MetricsAccess settings(const std::string& certificate, const std::string& key) const {
    return {.tls = config::MetricsTls{folder + "/" + certificate, folder + "/" + key}, .users = {}};
  }
  const std::string folder = testing::TempDir() + "penstock_access_" + std::to_string(getpid());
};

struct FileCase {
  const char* description;
  const char* certificate;
  const char* key;
  const char* said;
};

TEST_F(Files, WhatIsWrongIsSaidWithItsFile) {
  const FileCase kCases[] = {
      {.description = "no such certificate",
       .certificate = "three.pem",
       .key = "one.key",
       .said = "three.pem: No such file"},
      {.description = "no such key",
       .certificate = "one.pem",
       .key = "three.key",
       .said = "metrics.tls.key: cannot read"},
      {.description = "empty", .certificate = "empty", .key = "one.key", .said = "it is empty"},
      {.description = "a folder", .certificate = ".", .key = "one.key", .said = "it is empty"},
      {.description = "no PEM", .certificate = "text", .key = "one.key", .said = "has no certificate in PEM"},
      {.description = "a key as certificate",
       .certificate = "one.key",
       .key = "one.key",
       .said = "has no certificate in PEM"},
      {.description = "no key", .certificate = "one.pem", .key = "one.pem", .said = "is not the private key of"},
      {.description = "another one's key",
       .certificate = "one.pem",
       .key = "two.key",
       .said = "is not the private key of"}};
  for (const FileCase& one : kCases) {
    SCOPED_TRACE(one.description);
    const auto access = MetricsAccess::open(settings(one.certificate, one.key));
    ASSERT_FALSE(access);
    EXPECT_NE(access.error().find(one.said), std::string::npos) << access.error();
  }
}

// The subject of the certificate that the server shows, and what it answers to the request.
std::pair<std::string, std::string> ask_in_tls(uint16_t port, const std::string& request) {
  asio::io_context io;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  asio::ssl::stream<tcp::socket> stream(io, tls);
  stream.next_layer().connect({asio::ip::address_v4::loopback(), port});
  stream.handshake(asio::ssl::stream_base::client);
  X509* shown = SSL_get1_peer_certificate(stream.native_handle());
  char name[64] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(shown), NID_commonName, name, sizeof name);
  X509_free(shown);
  asio::write(stream, asio::buffer(request));
  std::string text;
  std::error_code end;
  asio::read(stream, asio::dynamic_buffer(text), end);
  return {name, text};
}

std::string ask_plainly(uint16_t port, const std::string& request) {
  asio::io_context io;
  tcp::socket socket(io);
  socket.connect({asio::ip::address_v4::loopback(), port});
  asio::write(socket, asio::buffer(request));
  std::string text;
  std::error_code end;
  asio::read(socket, asio::dynamic_buffer(text), end);
  return text;
}

TEST_F(Files, TheServerSpeaksTlsAndTakesANewCertificate) {
  const std::string long_page(3 << 20, 'x');
  HttpLimits limits;
  limits.asking = std::chrono::milliseconds(500);
  HttpServer server(*config::parse_address("127.0.0.1"), 0, limits,
                    *MetricsAccess::open(settings("one.pem", "one.key")), [&](std::string_view, bool is_trusted) {
                      return HttpPage{.status = HttpPage::Status::good, .text = is_trusted ? long_page : "no"};
                    });
  const std::string request = "GET /metrics HTTP/1.1\r\n\r\n";
  const auto [name, text] = ask_in_tls(server.port(), request);
  EXPECT_EQ(name, "one");
  EXPECT_EQ(text.size() - text.find("\r\n\r\n") - 4, long_page.size());
  EXPECT_EQ(ask_plainly(server.port(), request).substr(0, 24), "HTTP/1.1 400 Bad Request");
  EXPECT_NE(ask_plainly(server.port(), request).find("ask for https://"), std::string::npos);
  EXPECT_EQ(ask_plainly(server.port(), std::string("\x16\x03\x01 nonsense\r\n\r\n")).find("HTTP"), std::string::npos);
  server.use(*MetricsAccess::open(settings("two.pem", "two.key")));
  EXPECT_EQ(ask_in_tls(server.port(), request).first, "two");
}

TEST(HttpUsers, OnlyTheRightPasswordIsTrusted) {
  auto access = *MetricsAccess::open({.tls = {}, .users = {{"prometheus", hash_of("secret")}}});
  HttpServer server(*config::parse_address("127.0.0.1"), 0, {}, access, [](std::string_view path, bool is_trusted) {
    if (path == "/healthz") return HttpPage{.status = HttpPage::Status::good, .text = is_trusted ? "all" : "alive"};
    return HttpPage{.status = is_trusted ? HttpPage::Status::good : HttpPage::Status::needs_user, .text = "page"};
  });
  const auto status = [&](const std::string& field) {
    const std::string answer = ask_plainly(server.port(), "GET /metrics HTTP/1.1\r\n" + field + "\r\n");
    return answer.substr(9, 3);
  };
  const std::string right = "Authorization: " + basic("prometheus:secret") + "\r\n";
  const std::string wrong = "Authorization: " + basic("prometheus:guess") + "\r\n";
  EXPECT_EQ(status(""), "401");
  EXPECT_EQ(status(wrong), "401");
  EXPECT_EQ(status(right), "200");
  EXPECT_EQ(status("aUTHORIZATION:\t" + basic("prometheus:secret") + " \r\n"), "200");
  EXPECT_EQ(status(right + wrong), "401") << "two of them";
  EXPECT_EQ(status(wrong), "401") << "after the right one";
  EXPECT_EQ(status("Authorization:\r\n"), "401");
  EXPECT_NE(ask_plainly(server.port(), "GET /metrics HTTP/1.1\r\n\r\n").find("\r\nWWW-Authenticate: Basic realm="),
            std::string::npos);
  EXPECT_NE(ask_plainly(server.port(), "GET /healthz HTTP/1.1\r\n\r\n").find("\r\n\r\nalive"), std::string::npos);
  EXPECT_NE(ask_plainly(server.port(), "GET /healthz HTTP/1.1\r\n" + wrong + "\r\n").find("\r\n\r\nalive"),
            std::string::npos);
  EXPECT_NE(ask_plainly(server.port(), "GET /healthz HTTP/1.1\r\n" + right + "\r\n").find("\r\n\r\nall"),
            std::string::npos);
  server.use(*MetricsAccess::open({.tls = {}, .users = {{"prometheus", hash_of("changed")}}}));
  EXPECT_EQ(status(right), "401") << "the password was changed";
}

// Who sends wrong passwords keeps nobody out whose password is known.
TEST(HttpUsers, GuessesAreBoundedAndKeepNobodyOut) {
  auto access = *MetricsAccess::open({.tls = {}, .users = {{"prometheus", hash_of("secret")}}});
  HttpServer server(*config::parse_address("127.0.0.1"), 0, {}, access, [](std::string_view, bool is_trusted) {
    return HttpPage{.status = is_trusted ? HttpPage::Status::good : HttpPage::Status::needs_user, .text = "page"};
  });
  const std::string right = "GET / HTTP/1.1\r\nAuthorization: " + basic("prometheus:secret") + "\r\n\r\n";
  ASSERT_EQ(ask_plainly(server.port(), right).substr(9, 3), "200");
  asio::io_context io;
  std::vector<tcp::socket> guesses;
  for (unsigned i = 0; i < 300; ++i) {
    guesses.emplace_back(io).connect({asio::ip::address_v4::loopback(), server.port()});
    std::error_code ignored;
    asio::write(
        guesses.back(),
        asio::buffer("GET / HTTP/1.1\r\nAuthorization: " + basic("prometheus:" + std::to_string(i)) + "\r\n\r\n"),
        ignored);
    if (i % 50 != 0) continue;
    EXPECT_EQ(ask_plainly(server.port(), right).substr(9, 3), "200") << i;
  }
}

}  // namespace
}  // namespace penstock::control
