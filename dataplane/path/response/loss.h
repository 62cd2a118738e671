// dataplane/path/response/loss.h - the slow lane's word that a query over TCP did not get through: there is nothing to wait for.
#pragma once

#include "dataplane/path/flight/flight.h"
#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lanes/stream_peer.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// Send `number` will bring no answer: the next endpoint is asked at once, in `frame`, within the retry budget if `had_left`; when there is
// none and no other send is owed an answer the clients hear so. False: the frame is still the caller's.
bool give_up_send(const Flight& flight, unsigned number, bool had_left, rte_mbuf& frame);

// Is it that word? No endpoint can say it: a message that is shorter than a header ends its connection.
inline bool is_loss(const state::Lcore& lcore, const Packet& packet) {
  return packet.dns_length == state::kLostSize && lcore.host.is_stream(packet.port);
}

// The send owes nothing any more. An endpoint that was not asked yet now is; when there is none and none that was asked still owes an
// answer, one is asked over UDP. When that may not be either the clients hear so at once, as they would at the end of their patience.
config::ResponseOutcome handle_loss(state::Lcore& lcore, const Packet& packet);

}  // namespace penstock::path
