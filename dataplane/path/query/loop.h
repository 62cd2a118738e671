// dataplane/path/query/loop.h - queries that we sent ourselves and that found their way back to us.
#pragma once

#include <cstdint>
#include <optional>

#include "config/contract/event_ring.h"
#include "config/contract/loop_label.h"
#include "dataplane/dns/message.h"
#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// The number of the pool that control sent the query into to see whether it comes back (config/contract/loop_label.h); nothing: it is
// no such probe.
std::optional<uint32_t> read_loop_probe(const state::Lcore& lcore, const dns::Query& query);
inline std::optional<uint32_t> loop_probe(const state::Lcore& lcore, const dns::Query& query) {
  if (query.name.bytes[0] != config::kLoopLabelLength) return std::nullopt;
  return read_loop_probe(lcore, query);
}

// Tells control who sent the query back to us: the first of its kind and number in a while. `number`: the rule's, of a probe the
// pool's. `endpoint_slot`: of the endpoint that it came from, 0xffff: none.
void report_loop(state::Lcore& lcore, config::EventKind kind, uint32_t number, uint16_t endpoint_slot, bool blocked,
                 const Packet& packet, const dns::Query& query);

}  // namespace penstock::path
