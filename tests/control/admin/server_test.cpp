// tests/control/admin/server_test.cpp - the admin socket: access, limits, bad clients, and what is left behind.
#include "control/admin/server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <asio/buffer.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "control/admin/client.h"
#include "tests/control/admin/fake_operations.h"
#include "tests/control/link/fake_dataplane.h"

namespace penstock::control {
namespace {

using asio::local::stream_protocol;
using nlohmann::json;
using namespace std::chrono_literals;

class Connection {
 public:
  explicit Connection(const std::string& path) { socket_.connect(stream_protocol::endpoint(path)); }
  void send(const std::string& bytes) {
    std::error_code ignored;  // the server may have hung up already
    asio::write(socket_, asio::buffer(bytes), ignored);
  }
  // The next line as JSON; null when the server hung up.
  json receive() {
    std::error_code error;
    const size_t size = asio::read_until(socket_, asio::dynamic_buffer(input_), '\n', error);
    if (error) return nullptr;
    const std::string line = input_.substr(0, size);
    input_.erase(0, size);
    return json::parse(line, nullptr, false);
  }

 private:
  asio::io_context io_;
  stream_protocol::socket socket_{io_};
  std::string input_;
};

struct AdminServerTest : testing::Test {
  ~AdminServerTest() override { stop(); }
  void start() {
    server.emplace(io, path, control);
    server->start();
    thread = std::thread([this] { io.run(); });
  }
  void stop() {
    if (!thread.joinable()) return;
    asio::post(io, [this] {
      server->stop();
      guard.reset();
    });
    thread.join();
  }

  TemporaryFolder folder;
  std::string path = folder / "run/control.sock";  // the folder does not exist yet
  FakeOperations control;
  asio::io_context io;
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
  std::optional<AdminServer> server;
  std::thread thread;
};

TEST_F(AdminServerTest, AnswersPenstockctl) {
  start();
  const auto answer = ask_control(path, {{"command", "status"}}, 10s);
  ASSERT_TRUE(answer) << answer.error();
  EXPECT_EQ((*answer)["rules"]["generation"], 7);
}

TEST_F(AdminServerTest, HandsOverTheStreamOfACapture) {
  std::array<int, 2> ends{};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  const config::Descriptor dataplane(ends[0]);
  control.stream = std::make_shared<const config::Descriptor>(ends[1]);
  start();
  const auto begun = ask_for_stream(path, {{"command", "capture"}, {"client", "10.1.2.3"}, {"seconds", 5}}, 10s);
  ASSERT_TRUE(begun) << begun.error();
  EXPECT_EQ(begun->answer["words"], "clients, client 10.1.2.3");
  EXPECT_EQ(control.captured.seconds, 5U);
  ASSERT_TRUE(begun->stream);
  ASSERT_EQ(write(dataplane.get(), "x", 1), 1);
  char came = 0;
  EXPECT_EQ(read(begun->stream.get(), &came, 1), 1);
  EXPECT_EQ(came, 'x');

  control.stream = tl::make_unexpected(std::string("another capture is running"));
  const auto second = ask_for_stream(path, {{"command", "capture"}}, 10s);
  ASSERT_TRUE(second);
  EXPECT_FALSE(second->stream);
  EXPECT_EQ(second->answer["error"], "another capture is running");
  const auto wrong = ask_for_stream(path, {{"command", "capture"}, {"client", "nobody"}}, 10s);
  EXPECT_EQ(wrong->answer["error"], "'nobody' is neither the address nor a network of clients");
}

// tests/control/access has who may do what, tests/e2e/operation/change_test.py other users.
TEST_F(AdminServerTest, IsForRootUntilGroupsAreNamed) {
  server.emplace(io, path, control);
  const auto mode = [&] {
    struct stat file {};
    EXPECT_EQ(stat(path.c_str(), &file), 0);
    return file.st_mode & 0777;
  };
  EXPECT_EQ(mode(), 0600U);
  config::Control named;
  server->use(named);
  EXPECT_EQ(mode(), 0600U);
  named.look = {"operator"};
  server->use(named);
  EXPECT_EQ(mode(), 0666U);
  server->use(config::Control{});
  EXPECT_EQ(mode(), 0600U);
}

TEST_F(AdminServerTest, SeveralRequestsOnOneConnection) {
  start();
  Connection connection(path);
  connection.send("{\"command\": \"status\"}\n{\"command\": \"nonsense\"}\n{\"comm");
  EXPECT_EQ(connection.receive()["ok"], true);
  EXPECT_EQ(connection.receive()["ok"], false);
  connection.send("and\": \"endpoints\"}\n");
  EXPECT_EQ(connection.receive()["endpoints"].size(), 3U);
}

TEST_F(AdminServerTest, NonsenseIsAnsweredAndDoesNotHangUp) {
  start();
  Connection connection(path);
  connection.send(std::string("\0\xff\xfe garbage\n", 12));
  EXPECT_EQ(connection.receive()["ok"], false);
  connection.send("{\"command\": \"\\ud800\"}\n");
  EXPECT_EQ(connection.receive()["ok"], false);
  connection.send("{\"command\": \"status\"}\n");
  EXPECT_EQ(connection.receive()["ok"], true);
}

TEST_F(AdminServerTest, ARequestIsBounded) {
  start();
  Connection connection(path);
  connection.send(std::string(kMaxAdminRequest + 1, ' '));
  const json answer = connection.receive();
  EXPECT_EQ(answer["ok"], false);
  EXPECT_EQ(connection.receive(), nullptr) << "it hangs up";
  EXPECT_TRUE(ask_control(path, {{"command", "status"}}, 10s)) << "others are served";
}

TEST_F(AdminServerTest, ClientsAreBoundedAndTheIdlestMakesRoom) {
  start();
  std::vector<std::unique_ptr<Connection>> held;
  const auto ask = [](Connection& one) {
    one.send("{\"command\": \"status\"}\n");
    const json answer = one.receive();
    return answer.is_object() && answer["ok"] == true;
  };
  for (size_t i = 0; i < kMaxAdminClients; ++i) {
    held.push_back(std::make_unique<Connection>(path));
    EXPECT_TRUE(ask(*held.back()));
  }
  EXPECT_TRUE(ask(*held.front())) << "now the second has been idle the longest";
  Connection excess(path);
  EXPECT_TRUE(ask(excess));
  EXPECT_EQ(held[1]->receive(), nullptr);
  EXPECT_TRUE(ask(*held.front()));
}

TEST_F(AdminServerTest, WhoSaysNothingKeepsNobodyOut) {
  start();
  std::vector<std::unique_ptr<Connection>> held;
  for (size_t i = 0; i < 3 * kMaxAdminClients; ++i) {
    held.push_back(std::make_unique<Connection>(path));
    if (i % 2 == 0) held.back()->send("{\"comm");
    if (i % 8 == 0) {
      EXPECT_TRUE(ask_control(path, {{"command", "status"}}, 10s)) << i;
    }
  }
}

TEST_F(AdminServerTest, TakesOverWhatAKilledControlLeft) {
  std::filesystem::create_directories(folder / "run");
  {
    asio::io_context other;
    stream_protocol::acceptor dead(other, stream_protocol::endpoint(path));
  }
  ASSERT_TRUE(std::filesystem::exists(path));
  start();
  EXPECT_TRUE(ask_control(path, {{"command", "status"}}, 10s));
}

TEST_F(AdminServerTest, RefusesToReplaceOneThatLives) {
  start();
  EXPECT_THROW(AdminServer(io, path, control), std::runtime_error);
  EXPECT_TRUE(ask_control(path, {{"command", "status"}}, 10s)) << "and the first one keeps its socket";
}

TEST_F(AdminServerTest, StopHangsUpAndLeavesNothing) {
  start();
  Connection connection(path);
  connection.send("{\"command\": \"status\"}\n");
  EXPECT_EQ(connection.receive()["ok"], true);
  stop();
  EXPECT_EQ(connection.receive(), nullptr);
  EXPECT_FALSE(std::filesystem::exists(path));
  const auto answer = ask_control(path, {{"command", "status"}}, 10s);
  ASSERT_FALSE(answer);
  EXPECT_NE(answer.error().find("is penstock-control running?"), std::string::npos) << answer.error();
}

}  // namespace
}  // namespace penstock::control
