// dataplane/path/flight/send.h - a query on its way to an endpoint: first by the client's own frame, later by copies of it.
#pragma once

#include <span>

#include "config/contract/image.h"
#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// Sends the `length` bytes at `message`, inside `frame`, to `endpoint` (an index of the rules') as the next send of the open
// query `index`: with the id of its slot, from a source port of its own, due again when our patience with the endpoint or
// the client's with us ends. Our OPT is left out for an endpoint that is known not to want one, or when `with_opt` is false; where
// the pool says so and the endpoint keeps them, the letters of the name are in random case. False when the frame has no room: it is
// still the caller's, message and slot are as before.
bool send(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint, rte_mbuf& frame,
          uint8_t* message, uint16_t length, bool with_opt = true);

// Sends the same to `endpoint` over TCP in the place of send `number`, whose response is worth nothing: it was cut short. All later
// sends of the query go over TCP as well.
bool send_over_tcp(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint,
                   unsigned number, rte_mbuf& frame, uint8_t* message, uint16_t length);

// What came over TCP is asked over UDP as well when TCP brings nothing (BIND and Unbound ask so at once): unless an answer was cut
// short, or one server alone can answer it.
inline bool may_go_by_udp(const state::PendingSlot& slot) {
  return slot.over_tcp != 0 && slot.cut_short == 0 && slot.opaque == 0;
}
// Sends the message of such a query over UDP, in a frame of lcore.fresh: none of the slow lane's may leave by a card. False, and nothing
// has changed: there is none, or it has no room.
bool send_by_udp(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint,
                 std::span<const uint8_t> message);
// Whether the endpoint has answered nothing over TCP lately: then such queries begin with UDP, but for one each 5 s.
bool is_silent_over_tcp(state::Lcore& lcore, const config::ImagePool& pool, uint32_t endpoint);

// The send was given up, or another is tried beside it.
inline void count_timeout(state::Lcore& lcore, const state::PendingSend& send) {
  config::EndpointCounters& counters = lcore.counters.endpoints[send.endpoint_slot];
  if (!send.answered) (send.over_tcp ? counters.stream_timeouts : counters.timeouts).add(1);
}

// When the client's patience ends, ns.
inline uint64_t end_of_patience(const state::Lcore& lcore, const state::PendingSlot& slot) {
  return slot.asked_at + lcore.query_timeout_ns;
}

}  // namespace penstock::path
