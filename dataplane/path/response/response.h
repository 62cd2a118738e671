// dataplane/path/response/response.h - an endpoint's response: is it the answer to a query of ours? Then it goes to the client that asked.
#pragma once

#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// First pass over a burst: prefetches the pending slot that the id points at.
void prepare_response(const state::Lcore& lcore, const Packet& packet);

// Pass between the two: the slot has come, what it points at is fetched.
void narrow_response(const state::Lcore& lcore, const Packet& packet);

// Last pass. A response counts only if id, addresses, port and the question's exact bytes are those of an open query (RFC
// 5452 section 9.1); any other is discarded and leaves the query open: the true one may still come.
config::ResponseOutcome handle_response(state::Lcore& lcore, const Packet& packet);

}  // namespace penstock::path
