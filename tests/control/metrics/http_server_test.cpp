// tests/control/metrics/http_server_test.cpp - one page for whoever asks for it, and nobody who does not ask keeps others out.
#include "control/metrics/http_server.h"

#include <gtest/gtest.h>

#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

namespace penstock::control {
namespace {

using namespace std::chrono_literals;
using asio::ip::tcp;

class Client {
 public:
  explicit Client(uint16_t port) { socket_.connect({asio::ip::address_v4::loopback(), port}); }
  void send(const std::string& text) {
    std::error_code ignored;
    asio::write(socket_, asio::buffer(text), ignored);
  }
  // Until the server hangs up.
  std::string all() {
    std::string text;
    std::error_code end;
    asio::read(socket_, asio::dynamic_buffer(text), end);
    return text;
  }

 private:
  asio::io_context io_;
  tcp::socket socket_{io_};
};

struct HttpServerTest : testing::Test {
  void start() {
    server = std::make_unique<HttpServer>(
        config::parse_address("127.0.0.1").value(), 0, limits, *MetricsAccess::open({}),
        [this](std::string_view path, bool) -> std::optional<HttpPage> {
          if (path == "/metrics") return HttpPage{.text = page};
          if (path == "/readyz") return HttpPage{.status = HttpPage::Status::unavailable, .text = "not ready\n"};
          return std::nullopt;
        });
  }
  std::string ask(const std::string& request) {
    Client client(server->port());
    client.send(request);
    return client.all();
  }
  static std::string status(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }

  HttpLimits limits;
  std::string page = "penstock_build_info 1\n";
  std::unique_ptr<HttpServer> server;
};

TEST_F(HttpServerTest, GivesThePageToWhoeverAsksForIt) {
  start();
  const std::string answer = ask("GET /metrics HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n");
  EXPECT_EQ(status(answer), "HTTP/1.1 200 OK");
  EXPECT_NE(answer.find("\r\nContent-Length: 22\r\n"), std::string::npos);
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4), page);
  EXPECT_EQ(status(ask("GET /metrics?format=text HTTP/1.0\r\n\r\n")), "HTTP/1.1 200 OK");
  const std::string head = ask("HEAD /metrics HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
}

TEST_F(HttpServerTest, SaysNoToAllElse) {
  start();
  EXPECT_EQ(status(ask("GET / HTTP/1.1\r\n\r\n")), "HTTP/1.1 404 Not Found");
  EXPECT_EQ(status(ask("GET /readyz HTTP/1.1\r\n\r\n")), "HTTP/1.1 503 Service Unavailable");
  EXPECT_EQ(status(ask("POST /metrics HTTP/1.1\r\n\r\n")), "HTTP/1.1 405 Method Not Allowed");
  EXPECT_EQ(status(ask("nonsense\r\n\r\n")), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(status(ask(std::string("\0\xff \0\r\n\r\n", 8))), "HTTP/1.1 400 Bad Request");
  EXPECT_EQ(ask("GET /metrics HTTP/1.1\r\nX: " + std::string(limits.request, 'x')), "");
  EXPECT_EQ(status(ask("GET /metrics HTTP/1.1\r\n\r\n")), "HTTP/1.1 200 OK");
}

TEST_F(HttpServerTest, ALongPageComesWholeToASlowReader) {
  page.assign(8 << 20, 'x');
  start();
  Client client(server->port());
  client.send("GET /metrics HTTP/1.1\r\n\r\n");
  std::this_thread::sleep_for(100ms);
  const std::string answer = client.all();
  EXPECT_EQ(answer.size() - answer.find("\r\n\r\n") - 4, page.size());
}

TEST_F(HttpServerTest, HalfSentRequestsKeepNobodyOut) {
  start();
  std::vector<std::unique_ptr<Client>> half;
  for (size_t i = 0; i < 3 * limits.connections; ++i) {
    half.push_back(std::make_unique<Client>(server->port()));
    half.back()->send("GET /metr");
    if (i % 20 != 0) continue;
    const auto begin = std::chrono::steady_clock::now();
    ASSERT_EQ(status(ask("GET /metrics HTTP/1.1\r\n\r\n")), "HTTP/1.1 200 OK") << i;
    ASSERT_LT(std::chrono::steady_clock::now() - begin, 2s) << i;
  }
  EXPECT_EQ(half.front()->all(), "") << "the longest open has made room";
  half.back()->send("ics HTTP/1.1\r\n\r\n");
  EXPECT_EQ(status(half.back()->all()), "HTTP/1.1 200 OK") << "the last one is still there";
}

TEST_F(HttpServerTest, WhoDoesNotReadKeepsNobodyOut) {
  page.assign(8 << 20, 'x');
  limits.connections = 8;
  start();
  std::vector<std::unique_ptr<Client>> deaf;
  for (size_t i = 0; i < 2 * limits.connections; ++i) {
    deaf.push_back(std::make_unique<Client>(server->port()));
    deaf.back()->send("GET /metrics HTTP/1.1\r\n\r\n");
  }
  EXPECT_EQ(status(ask("GET /metrics HTTP/1.1\r\n\r\n")), "HTTP/1.1 200 OK");
}

TEST_F(HttpServerTest, WhoDoesNotAskInTimeIsHungUpOn) {
  limits.asking = 100ms;
  start();
  Client client(server->port());
  client.send("GET ");
  EXPECT_EQ(client.all(), "");
}

}  // namespace
}  // namespace penstock::control
