// dataplane/slow/dial.h - a socket that connects to an endpoint from the address that the rules say.
#pragma once

#include <netinet/in.h>

#include <asio/ip/tcp.hpp>

#include "dataplane/slow/addresses.h"

namespace penstock::slow {

// Opens it, bound to the source of `between`, ready for async_connect(). The port of `between` is left alone.
inline asio::error_code prepare_to_dial(asio::ip::tcp::socket& socket, const Endpoints& between) {
  using asio::ip::tcp;
  using FreeBind = asio::detail::socket_option::boolean<IPPROTO_IP, IP_FREEBIND>;
  // The kernel draws the port when it knows the other end: many connections from one address.
  using BindNoPort = asio::detail::socket_option::boolean<IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT>;
  asio::error_code error;
  socket.open(between.family == 4 ? tcp::v4() : tcp::v6(), error);
  if (!error) socket.set_option(FreeBind(true), error);
  if (!error) socket.set_option(BindNoPort(true), error);
  if (!error) socket.bind({to_asio(between.family, between.source), 0}, error);
  if (!error) socket.non_blocking(true, error);
  if (!error) socket.set_option(tcp::no_delay(true), error);
  return error;
}

}  // namespace penstock::slow
