// dataplane/path/response/response.h - an endpoint's response: is it the answer to a query of ours? Then it goes to the client that asked.
#pragma once

#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// First pass over a burst: prefetches the pending slot that the id points at.
void prepare_response(const state::Lcore& lcore, const Packet& packet);

// Pass between the two: the slot has come, what it points at is fetched.
void narrow_response(const state::Lcore& lcore, const Packet& packet);

// Last pass. A response that fits no open query is discarded and leaves the query open: the true one may still come.
config::ResponseOutcome handle_response(state::Lcore& lcore, const Packet& packet);

}  // namespace penstock::path
