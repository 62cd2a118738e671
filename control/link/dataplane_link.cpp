#include "control/link/dataplane_link.h"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

#include "config/contract/image.h"
#include "config/files/own_files.h"
#include "control/link/dataplane_pages.h"

namespace penstock::control {
namespace {

constexpr std::chrono::milliseconds kFirstRetry{50};
constexpr std::chrono::milliseconds kLastRetry{1000};
constexpr std::chrono::seconds kHelloTimeout{5};
constexpr std::chrono::seconds kLookupTimeout{2};
constexpr std::chrono::seconds kFlushTimeout{10};  // every page of a large cache is looked at

// A connected, non-blocking SOCK_SEQPACKET socket (Asio 1.22 has no such protocol for UNIX sockets).
tl::expected<int, std::string> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return tl::make_unexpected("the path is longer than " + std::to_string(sizeof address.sun_path - 1) + " bytes");
  std::memcpy(address.sun_path, path.data(), path.size());
  const int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return tl::make_unexpected(std::string(strerror(errno)));
  const bool is_connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  if (is_connected && config::has_own_peer(fd)) return fd;
  const std::string why = is_connected ? "the socket belongs to another user's program" : strerror(errno);
  ::close(fd);
  return tl::make_unexpected(why);
}

template <typename Answer>
std::string reason_of(const Answer& answer) {
  return {answer.reason.data(), strnlen(answer.reason.data(), answer.reason.size())};
}

// A WireName has at most 255 octets, and so has the room for it.
template <typename Request>
void put_name(const config::WireName& name, Request& request) {
  request.name_length = static_cast<uint8_t>(std::min(name.size(), request.name.size()));
  std::copy_n(name.begin(), request.name_length, request.name.begin());
}

template <typename Answer>
std::optional<Answer> read(const config::Message& message) {
  const auto* given = message.as<Answer>();
  return given == nullptr ? std::nullopt : std::optional(*given);
}
template <>
std::optional<BrowsedPages> read(const config::Message& message) {
  std::span<const uint8_t> entries;
  const auto* head = message.head<config::Browsed>(entries);
  if (head == nullptr) return std::nullopt;
  return BrowsedPages{*head, {entries.begin(), entries.end()}};
}

bool has_input(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return poll(&waiting, 1, 0) > 0;
}

}  // namespace

DataplaneLink::DataplaneLink(asio::io_context& io, std::string socket_path, Events events)
    : io_(io), socket_path_(std::move(socket_path)), events_(std::move(events)), socket_(io), timer_(io) {}

void DataplaneLink::start() {
  stopped_ = false;
  connect();
}

void DataplaneLink::stop() {
  if (stopped_) return;
  stopped_ = true;
  close("control stops");
}

void DataplaneLink::connect() {
  auto fd = connect_to(socket_path_);
  if (!fd) return retry_later(fd.error());
  socket_.assign(*fd);
  wait_for_hello();
  wait_for_message();
}

void DataplaneLink::retry_later(const std::string& why) {
  if (why != last_failure_)
    spdlog::info("dataplane: cannot connect to {}: {}; trying until it is there", socket_path_, why);
  last_failure_ = why;
  timer_.expires_after(std::min(kLastRetry, kFirstRetry * (1 << std::min(attempts_++, 5U))));
  timer_.async_wait([this](std::error_code error) {
    if (!error && !stopped_) connect();
  });
}

// The connection stands in the backlog until the dataplane takes it: connected, but without a word.
void DataplaneLink::wait_for_hello() {
  timer_.expires_after(kHelloTimeout);
  timer_.async_wait([this, session = session_](std::error_code error) {
    if (error || stopped_ || session != session_) return;
    close("the dataplane accepted the connection but sends nothing: is it stopped or hanging?");
  });
}

void DataplaneLink::wait_for_message() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read, [this, session = session_](std::error_code error) {
    if (error || stopped_ || session != session_) return;
    receive();
    if (session == session_) wait_for_message();
  });
}

void DataplaneLink::receive() {
  if (!has_input(socket_.native_handle())) return;
  auto message = config::receive_message(socket_.native_handle());
  if (!message) return close(message.error());
  if (message->bytes.empty()) return close("the dataplane closed the connection");
  handle(*message);
  for (const int fd : message->fds) ::close(fd);
}

void DataplaneLink::handle(const config::Message& message) {
  if (const auto* hello = message.as<config::Hello>(); hello != nullptr && !greeted_) return greet(*hello, message);
  if (const auto* turned_away = message.as<config::Refused>(); turned_away != nullptr && !greeted_)
    return close(reason_of(*turned_away));
  if (!greeted_) return close("the first message is not a Hello of this release");
  if (const auto* published = message.as<config::Published>()) {
    if (events_.published) events_.published(*published);
  } else if (const auto* refused = message.as<config::Refused>()) {
    if (events_.refused) events_.refused(refused->generation, reason_of(*refused));
  } else if (!answer(message, lookups_) && !answer(message, flushes_) && !answer(message, browses_) &&
             !answer(message, composes_) && !answer(message, judges_) && !answer_capture(message)) {
    close("a message unknown to this release");
  }
}

void DataplaneLink::greet(const config::Hello& hello, const config::Message& message) {
  if (hello.link_version != config::kLinkVersion || hello.image_version != config::kImageVersion)
    return close("the dataplane is of another release (link version " + std::to_string(hello.link_version) +
                 ", image version " + std::to_string(hello.image_version) + "; ours are " +
                 std::to_string(config::kLinkVersion) + " and " + std::to_string(config::kImageVersion) + ")");
  if (hello.ports > config::kMaxPorts) return close("Hello lists " + std::to_string(hello.ports) + " ports");
  if (message.fds.size() != 2) return close("Hello without its two pages");
  auto counters = map_counter_page(message.fds[0]);
  if (!counters) return close(counters.error());
  auto endpoints = map_endpoint_state_page(message.fds[1]);
  if (!endpoints) return close(endpoints.error());
  timer_.cancel();
  greeted_ = true;
  attempts_ = 0;
  last_failure_.clear();
  if (events_.connected) events_.connected({hello, *counters, *endpoints});
}

bool DataplaneLink::publish(int image, uint64_t generation, uint64_t size) {
  if (!greeted_) return false;
  config::Publish message;
  message.generation = generation;
  message.size = size;
  if (const auto sent = config::send_message(socket_.native_handle(), message, {image}); !sent) {
    close("cannot send: " + sent.error());
    return false;
  }
  return true;
}

void DataplaneLink::lookup(const config::WireName& name, const config::IpAddress& client, FoundHandler handler) {
  config::Lookup message;
  put_name(name, message);
  message.family = client.family;
  message.client = client.bytes;
  ask(message, lookups_, kLookupTimeout, std::move(handler));
}

void DataplaneLink::flush(config::FlushScope scope, const config::WireName& name, FlushedHandler handler) {
  config::Flush message;
  message.scope = scope;
  put_name(name, message);
  ask(message, flushes_, kFlushTimeout, std::move(handler));
}

void DataplaneLink::browse(const config::Browse& message, Handler<BrowsedPages> handler) {
  ask(message, browses_, kLookupTimeout, std::move(handler));
}

void DataplaneLink::compose(const config::Compose& message, Handler<config::Composed> handler) {
  ask(message, composes_, kLookupTimeout, std::move(handler));
}

void DataplaneLink::judge(const config::Judge& message, std::span<const uint8_t> answer,
                          Handler<config::Judged> handler) {
  ask(message, judges_, kLookupTimeout, std::move(handler), answer);
}

void DataplaneLink::capture(const config::CaptureRequest& request, StreamHandler handler) {
  config::StartCapture message;
  message.request = request;
  ask<config::StartCapture, config::CaptureStarted>(
      message, captures_, kLookupTimeout,
      [this, handler = std::move(handler)](const tl::expected<config::CaptureStarted, std::string>& started) {
        if (!started) return handler(tl::make_unexpected(started.error()));
        if (!stream_) return handler(tl::make_unexpected(reason_of(*started)));
        handler(stream_);
      });
}

template <typename Request, typename Answer>
void DataplaneLink::ask(const Request& request, Queue<Answer>& queue, std::chrono::seconds patience,
                        Handler<Answer> handler, std::span<const uint8_t> rest) {
  const auto fail = [this, &handler](const std::string& why) {
    asio::post(io_, [handler = std::move(handler), why] { handler(tl::make_unexpected(why)); });
  };
  if (!greeted_) return fail("no dataplane at " + socket_path_ + ": is penstock-dataplane running?");
  if (const auto sent = config::send_message(socket_.native_handle(), request, rest); !sent)
    return fail("cannot send to the dataplane: " + sent.error());
  auto asked = std::make_shared<Asked<Answer>>();
  asked->handler = std::move(handler);
  asked->timer = std::make_unique<asio::steady_timer>(io_, patience);
  asked->timer->async_wait([asked, patience](std::error_code error) {
    if (error) return;
    if (const auto late = std::exchange(asked->handler, nullptr))
      late(tl::make_unexpected("the dataplane did not answer within " + std::to_string(patience.count()) + " s"));
  });
  queue.push_back(std::move(asked));
}

// False: the message is no such answer, or nobody asked.
template <typename Answer>
bool DataplaneLink::answer(const config::Message& message, Queue<Answer>& queue) {
  const std::optional<Answer> given = read<Answer>(message);
  if (!given || queue.empty()) return false;
  const auto asked = queue.front();
  queue.pop_front();
  asked->timer->cancel();
  if (const auto handler = std::exchange(asked->handler, nullptr)) handler(*given);
  return true;
}

// Where nobody waits for the stream any more it is closed, which ends the capture.
bool DataplaneLink::answer_capture(const config::Message& message) {
  if (message.fds.size() == 1)
    stream_ = std::make_shared<const config::Descriptor>(fcntl(message.fds[0], F_DUPFD_CLOEXEC, 0));
  const bool is_answer = answer(message, captures_);
  stream_.reset();
  return is_answer;
}

template <typename Answer>
void DataplaneLink::fail_all(Queue<Answer>& queue) {
  for (const auto& asked : std::exchange(queue, {})) {
    asked->timer->cancel();
    if (auto handler = std::exchange(asked->handler, nullptr))
      asio::post(io_, [handler] { handler(tl::make_unexpected("the connection to the dataplane was lost")); });
  }
}

void DataplaneLink::close(const std::string& why) {
  const bool was_greeted = std::exchange(greeted_, false);
  ++session_;
  timer_.cancel();
  if (socket_.is_open()) socket_.close();
  fail_all(lookups_);
  fail_all(flushes_);
  fail_all(browses_);
  fail_all(composes_);
  fail_all(judges_);
  fail_all(captures_);
  if (stopped_) return;
  if (was_greeted) {
    spdlog::warn("dataplane: connection lost: {}", why);
    if (events_.disconnected) events_.disconnected();
    attempts_ = 0;
    return retry_later("connection lost");
  }
  retry_later(why);
}

}  // namespace penstock::control
