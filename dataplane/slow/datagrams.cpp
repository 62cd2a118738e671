#include "dataplane/slow/datagrams.h"

#include <netinet/in.h>

#include <algorithm>
#include <asio/buffer.hpp>
#include <asio/ip/v6_only.hpp>

#include "dataplane/slow/arrivals.h"

namespace penstock::slow {
namespace {

using asio::ip::udp;
using config::SlowCounter;

constexpr int kReadAtOnce = 32;

using FreeBind = asio::detail::socket_option::boolean<IPPROTO_IP, IP_FREEBIND>;

}  // namespace

tl::expected<std::shared_ptr<Datagrams::Listener>, std::string> Datagrams::open(const config::IpAddress& address,
                                                                                uint16_t port) {
  const udp::endpoint endpoint(to_asio(address), port);
  auto listener = std::make_shared<Listener>(Listener{udp::socket(io_), address});
  udp::socket& socket = listener->socket;
  asio::error_code error;
  socket.open(endpoint.protocol(), error);
  if (!error && address.is_v6()) socket.set_option(asio::ip::v6_only(true), error);
  if (!error) socket.set_option(FreeBind(true), error);
  if (!error) socket.bind(endpoint, error);
  if (!error) socket.non_blocking(true, error);
  if (error) return tl::make_unexpected(error.message());
  return listener;
}

void Datagrams::listen(std::shared_ptr<Listener> listener) {
  const auto free =
      std::find_if(listeners_.begin(), listeners_.end(), [](const auto& one) { return !one->socket.is_open(); });
  listener->place = static_cast<uint32_t>(free - listeners_.begin());
  if (free == listeners_.end())
    listeners_.push_back(listener);
  else
    *free = listener;
  wait(listener);
}

void Datagrams::leave(const config::IpAddress& address) {
  asio::error_code ignored;
  for (const auto& listener : listeners_)
    if (listener->address == address) listener->socket.close(ignored);
}

void Datagrams::keep_out(std::span<const int> interfaces) {
  for (const auto& listener : listeners_)
    if (listener->socket.is_open()) slow::keep_out(listener->socket.native_handle(), interfaces);
}

void Datagrams::wait(const std::shared_ptr<Listener>& listener) {
  listener->socket.async_wait(udp::socket::wait_read, [this, listener](const asio::error_code& failed) {
    if (!failed && listener->socket.is_open()) read(listener);
  });
}

void Datagrams::read(const std::shared_ptr<Listener>& listener) {
  for (int i = 0; i < kReadAtOnce; ++i) {
    asio::error_code error;
    udp::endpoint from;
    const size_t count = listener->socket.receive_from(asio::buffer(octets_), from, 0, error);
    if (error) break;
    const config::IpAddress client = from_asio(from.address());
    const bool given = lcores_.give_query({octets_.data(), count}, {state::PeerKind::datagram, listener->place, 0},
                                          {.source = client.bytes,
                                           .destination = listener->address.bytes,
                                           .source_port = from.port(),
                                           .destination_port = 53,
                                           .family = client.family});
    counters_[given ? SlowCounter::datagram_queries : SlowCounter::datagrams_lost].add(1);
  }
  wait(listener);
}

void Datagrams::answer(const Outgoing& outgoing) {
  if (outgoing.message.empty() || outgoing.peer.place >= listeners_.size()) return;
  asio::error_code error;
  listeners_[outgoing.peer.place]->socket.send_to(
      asio::buffer(outgoing.message.data(), outgoing.message.size()),
      {to_asio(outgoing.between.family, outgoing.between.destination), outgoing.between.destination_port}, 0, error);
  counters_[error ? SlowCounter::datagrams_lost : SlowCounter::datagram_answers].add(1);
}

}  // namespace penstock::slow
