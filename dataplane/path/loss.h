// dataplane/path/loss.h - the slow lane's word that a query over TCP did not get through: there is nothing to wait for.
#pragma once

#include "dataplane/path/packet.h"
#include "dataplane/state/lcore.h"
#include "dataplane/state/stream_peer.h"

namespace penstock::path {

// Is it that word? No endpoint can say it: a message that is shorter than a header ends its connection.
inline bool is_loss(const state::Lcore& lcore, const Packet& packet) {
  return packet.dns_length == state::kLostSize && lcore.host.is_stream(packet.port);
}

// The send owes nothing any more. An endpoint that was not asked yet now is; when there is none and none that was asked still owes an
// answer, the clients hear so at once, as they would at the end of their patience. `now` in ns.
config::ResponseOutcome handle_loss(state::Lcore& lcore, const Packet& packet, uint64_t now);

}  // namespace penstock::path
