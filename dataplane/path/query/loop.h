// dataplane/path/query/loop.h - queries that we sent ourselves and that found their way back to us.
#pragma once

#include <cstdint>
#include <optional>

#include "config/contract/event_ring.h"
#include "config/contract/loop_label.h"
#include "dataplane/dns/message.h"
#include "dataplane/path/work.h"

namespace penstock::path {

// The number of the pool that control sent the query into to see whether it comes back (config/contract/loop_label.h); nothing: it is
// no such probe.
std::optional<config::PoolIndex> read_loop_probe(const state::Lcore& lcore, const dns::Query& query);
inline std::optional<config::PoolIndex> loop_probe(const state::Lcore& lcore, const dns::Query& query) {
  if (query.name.bytes[0] != config::kLoopLabelLength) return std::nullopt;
  return read_loop_probe(lcore, query);
}

struct Loop {
  config::EventKind kind;
  uint32_t number;                     // of the rule, of a probe the pool's: as Event::rule
  config::EndpointSlot endpoint_slot;  // of the endpoint that the query came from, or kNoEndpointSlot
  bool is_blocked;
};
// Tells control who sent the query back to us: the first of its kind and number in a while.
void report_loop(state::Lcore& lcore, const Loop& loop, const QueryWork& work);

}  // namespace penstock::path
