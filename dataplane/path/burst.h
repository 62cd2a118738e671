// dataplane/path/burst.h - the stages in their order, for one burst of frames: what a worker's turn and the path's tests run.
#pragma once

#include <array>
#include <span>

#include "dataplane/path/query/query.h"
#include "dataplane/path/response/response.h"
#include "dataplane/state/lanes/rings.h"

namespace penstock::path {

// One lcore's working memory for a burst; large, so it lives beside the lcore and not on the stack.
struct Burst {
  std::array<QueryWork, state::kBurst> queries;
  std::array<Packet, state::kBurst> responses;
  unsigned query_count = 0;
  unsigned response_count = 0;
};

// Frames just received on `port`: classified, then each to its stage. On return every frame is in an egress batch, among the
// discarded, or on a ring. At most state::kBurst of them.
void take_received(state::Lcore& lcore, state::Rings& rings, Burst& burst, std::span<rte_mbuf*> frames, uint8_t port);

// What other threads passed to this lcore: responses that it owns, frames for a port where it owns a queue, and what came by the
// stream port. At most a burst of all together; says how many.
unsigned take_handed_off(state::Lcore& lcore, state::Rings& rings, Burst& burst);

}  // namespace penstock::path
