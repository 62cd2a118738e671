// dataplane/path/answer/end.h - the end of a query that no endpoint is asked for: every answer of ours without records leaves here.
#pragma once

#include "dataplane/dns/answer.h"
#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/frame/packet.h"
#include "dataplane/path/work.h"
#include "dataplane/state/lanes/stream_peer.h"

namespace penstock::path {

// A datagram that the kernel put together from fragments comes by the stream port as well, and its source address proves nothing.
inline bool came_over_tcp(const state::Lcore& lcore, const Packet& packet) {
  return lcore.host.is_stream(packet.port) && state::is_connection(packet.peer_mac);
}

// The frame leaves as `rcode` with `error`. Without an answer, `limited_dropped`, when errors to the client's network are over
// `response_rate`; without one, `ignored_no_room`, when the frame's buffer is too small. Else `outcome`.
config::QueryOutcome end(state::Lcore& lcore, const QueryWork& work, dns::Rcode rcode, dns::ExtendedError error,
                         config::QueryOutcome outcome);
// The same for want of an endpoint. `obstacle`: any but none.
config::QueryOutcome end(state::Lcore& lcore, const QueryWork& work, Obstacle obstacle);
// FORMERR or NOTIMP to a message of which no question and no OPT counts.
config::QueryOutcome end_unread(state::Lcore& lcore, QueryWork& work, dns::Rcode rcode, config::QueryOutcome outcome);
// An empty answer with TC: an honest client asks again over TCP. Never an error.
config::QueryOutcome end_truncated(state::Lcore& lcore, const QueryWork& work, config::QueryOutcome outcome);
// The answer of `length` octets that stands in the place of the query leaves; 0: there is none, as there was no room.
config::QueryOutcome end_with(state::Lcore& lcore, const QueryWork& work, unsigned length,
                              config::QueryOutcome outcome);

// There is no answer. The slow lane is told by an empty one, and closes the connection.
config::QueryOutcome ignore(state::Lcore& lcore, const QueryWork& work, config::QueryOutcome outcome);
// The answer to another query, already under way, is this client's as well.
config::QueryOutcome leave(state::Lcore& lcore, const QueryWork& work, config::QueryOutcome outcome);

}  // namespace penstock::path
