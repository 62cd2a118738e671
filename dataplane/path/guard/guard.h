// dataplane/path/guard/guard.h - the last look at an endpoint's answer before its clients get it: does it give away private names?
//
// An answer for a private name must not lead out (path/guard/leak.h). One for any other name must not lead into a private zone:
// whoever answered it has asked somebody for the private name, and what stands behind it is not the private zone's answer.
#pragma once

#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// `packet` is the answer of the endpoint in `endpoint_slot` to the open query `index`. Judged by the rules in force now.
//   returned  the clients get the message
//   blocked   they get the message, which is now SERVFAIL
//   chased    the frame has left with another question: the query goes on, and its earlier sends are forgotten
//   no_room   the frame's buffer has no room for a SERVFAIL
// The message's id stays. `clean`: whether it was returned without an alarm, so that it may be remembered.
config::ResponseOutcome guard(state::Lcore& lcore, uint32_t index, uint16_t endpoint_slot, Packet& packet, bool& clean);

}  // namespace penstock::path
