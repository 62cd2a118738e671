#include "control/admin/client.h"

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/local/stream_protocol.hpp>
#include <asio/read_until.hpp>
#include <asio/write.hpp>

namespace penstock::control {
namespace {

using nlohmann::json;

// It is for root and the socket's group; a file that nobody listens on is what a killed process leaves.
std::string hint(const std::error_code& error) {
  if (error == std::errc::permission_denied) return "only root and the group of the socket have access: try sudo";
  return "is penstock-control running? Give --socket PATH if control.socket in its configuration differs";
}

}  // namespace

tl::expected<json, std::string> ask_control(const std::string& path, const json& request,
                                            std::chrono::seconds timeout) {
  const auto fail = [&path](const std::error_code& error) {
    return tl::make_unexpected("cannot connect to " + path + ": " + error.message() + "; " + hint(error));
  };
  asio::io_context io;
  asio::local::stream_protocol::socket socket(io);
  std::error_code error;
  if (path.size() > 107) return fail(std::make_error_code(std::errc::filename_too_long));
  socket.connect(asio::local::stream_protocol::endpoint(path), error);
  if (error) return fail(error);
  asio::write(socket, asio::buffer(request.dump() + "\n"), error);
  if (error) return fail(error);
  std::string answer;
  error = asio::error::would_block;
  asio::async_read_until(socket, asio::dynamic_buffer(answer), '\n',
                         [&error](std::error_code result, size_t) { error = result; });
  io.run_for(timeout);
  if (error == asio::error::would_block)
    return tl::make_unexpected("penstock-control did not answer within " + std::to_string(timeout.count()) +
                               " s; see its log");
  if (error)
    return tl::make_unexpected("penstock-control closed the connection without an answer (" + error.message() +
                               "); see its log");
  json parsed = json::parse(answer, nullptr, false);
  if (!parsed.is_object())
    return tl::make_unexpected("the program that answers at " + path + " is not penstock-control");
  return parsed;
}

}  // namespace penstock::control
