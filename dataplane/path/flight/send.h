// dataplane/path/flight/send.h - a query on its way to an endpoint: first by the client's own frame, later by copies of it.
#pragma once

#include <span>

#include "config/contract/image.h"
#include "dataplane/path/flight/flight.h"
#include "dataplane/path/frame/buffer.h"

namespace penstock::path {

struct Route {
  const config::ImagePool& pool;
  config::EndpointIndex endpoint;
};

enum class Transport : uint8_t {
  as_flight,  // what slot.over_tcp says
  udp,
  tcp,  // and so do all later sends: an answer was cut short, or is not to be believed
};

struct SendAs {
  static constexpr uint8_t kOneMore = 0xff;

  uint8_t number = kOneMore;  // of the send that it takes the place of, whose response is worth nothing
  Transport transport = Transport::as_flight;
  bool with_opt = true;
  bool afresh = false;  // another question is asked: all earlier sends are given up
};

// The message leaves by its frame to the route's endpoint: with the id of the flight's slot, from a source port of its own, due again
// when our patience with the endpoint or the client's with us ends. Our OPT is left out for an endpoint that is known not to want one;
// where the pool says so and the endpoint keeps them, the letters of the name are in random case. False when the frame has no room: it is
// still the caller's, message and flight are as before.
bool send(const Flight& flight, const Route& route, const Outgoing& message, SendAs as = {});

// May a flight over TCP be asked over UDP as well, when TCP brings nothing (BIND and Unbound ask so at once)? Not once an answer was cut
// short, or where one server alone can answer.
inline bool may_go_by_udp(const Flight& flight) {
  return flight.slot.over_tcp != 0 && flight.slot.cut_short == 0 && flight.slot.opaque == 0;
}
// Sends a copy in a frame of lcore.frames.fresh. False, and nothing has changed: there is none, or it has no room.
bool send_copy(const Flight& flight, const Route& route, std::span<const uint8_t> message,
               Transport transport = Transport::as_flight);
// Whether the endpoint has answered nothing over TCP lately: then queries over TCP begin with UDP, but for one each 5 s.
bool is_silent_over_tcp(state::Lcore& lcore, const Route& route);

// The send was given up, or another is tried beside it.
inline void count_timeout(state::Lcore& lcore, const state::PendingSend& send) {
  config::EndpointCounters& counters = lcore.counters.endpoints[send.endpoint_slot];
  if (!send.answered) (send.over_tcp ? counters.stream_timeouts : counters.timeouts).add(1);
}

}  // namespace penstock::path
