#include "control/admin/client.h"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>
#include <cerrno>

#include "config/contract/link.h"

namespace penstock::control {
namespace {

using nlohmann::json;

// It is for root and the socket's group; a file that nobody listens on is what a killed process leaves.
std::string hint(const std::error_code& error) {
  if (error.value() == EACCES)
    return "root may ask, and the groups that control.look and control.change name: try sudo";
  return "is penstock-control running? Give --socket PATH if control.socket in its configuration differs";
}

using Socket = asio::local::stream_protocol::socket;

tl::expected<void, std::string> connect_and_ask(Socket& socket, const std::string& path, const json& request) {
  const auto fail = [&path](const std::error_code& error) {
    return tl::make_unexpected("cannot connect to " + path + ": " + error.message() + "; " + hint(error));
  };
  std::error_code error;
  if (path.size() > 107) return fail(std::make_error_code(std::errc::filename_too_long));
  socket.connect(asio::local::stream_protocol::endpoint(path), error);
  if (error) return fail(error);
  asio::write(socket, asio::buffer(request.dump() + "\n"), error);
  // Whoever may not ask is told so, and need not be listened to.
  if (error && error.value() != EPIPE) return fail(error);
  return {};
}

std::string no_answer_within(std::chrono::seconds timeout) {
  return "penstock-control did not answer within " + std::to_string(timeout.count()) + " s; see its log";
}

}  // namespace

tl::expected<json, std::string> ask_control(const std::string& path, const json& request,
                                            std::chrono::seconds timeout) {
  asio::io_context io;
  Socket socket(io);
  if (auto asked = connect_and_ask(socket, path, request); !asked) return tl::make_unexpected(asked.error());
  std::error_code error;
  std::string answer;
  error = asio::error::would_block;
  asio::async_read_until(socket, asio::dynamic_buffer(answer), '\n',
                         [&error](std::error_code result, size_t) { error = result; });
  io.run_for(timeout);
  if (error == asio::error::would_block) return tl::make_unexpected(no_answer_within(timeout));
  if (error)
    return tl::make_unexpected("penstock-control closed the connection without an answer (" + error.message() +
                               "); see its log");
  json parsed = json::parse(answer, nullptr, false);
  if (!parsed.is_object())
    return tl::make_unexpected("the program that answers at " + path + " is not penstock-control");
  return parsed;
}

// Control sends such an answer with one call, which comes whole.
tl::expected<AnswerWithStream, std::string> ask_for_stream(const std::string& path, const json& request,
                                                           std::chrono::seconds timeout) {
  asio::io_context io;
  Socket socket(io);
  if (auto asked = connect_and_ask(socket, path, request); !asked) return tl::make_unexpected(asked.error());
  const timeval patience{timeout.count(), 0};
  setsockopt(socket.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  auto message = config::receive_message(socket.native_handle());
  if (!message) return tl::make_unexpected(no_answer_within(timeout));
  AnswerWithStream answer;
  if (!message->fds.empty()) answer.stream = config::Descriptor(message->fds.front());
  answer.answer = json::parse(message->bytes, nullptr, false);
  if (!answer.answer.is_object())
    return tl::make_unexpected("the program that answers at " + path + " is not penstock-control of this release");
  return answer;
}

}  // namespace penstock::control
