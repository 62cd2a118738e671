// dataplane/path/guard.h - the last look at an endpoint's answer before its clients get it: does it give away private names?
//
// An answer for a private name must not lead out (path/leak.h). One for any other name must not lead into a private zone:
// whoever answered it has asked somebody for the private name, and what stands behind it is not the private zone's answer.
#pragma once

#include "dataplane/path/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// `packet` is the answer of the endpoint in `endpoint_slot` to the open query `query` with a question of `question_length`
// octets. Judged by the rules in force now. `returned`: the clients may have it. `blocked`: they may not; the message is now
// the SERVFAIL that they get. The id stays. `now` in ns.
config::ResponseOutcome guard(state::Lcore& lcore, const state::PendingQuery& query, unsigned question_length,
                              uint16_t endpoint_slot, Packet& packet, uint64_t now);

}  // namespace penstock::path
