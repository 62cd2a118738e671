#include "dataplane/path/query/loop.h"

#include <cstring>

namespace penstock::path {

std::optional<config::PoolIndex> read_loop_probe(const state::Lcore& lcore, const dns::Query& query) {
  return config::pool_of_loop_label({query.name.bytes + 1, config::kLoopLabelLength}, lcore.rules->header().loop_token);
}

void report_loop(state::Lcore& lcore, const Loop& loop, const QueryWork& work) {
  if (!lcore.reports.may_report(loop.kind, loop.number, lcore.now)) return;
  const Packet& packet = work.packet;
  const dns::Query& query = work.query;
  config::Event event;
  event.kind = loop.kind;
  event.family = packet.family;
  event.endpoint_slot = loop.endpoint_slot;
  event.rule = loop.number;
  event.generation = lcore.rules->header().generation;
  event.address = packet.source;
  event.type = dns::load16(packet.dns + dns::kHeaderSize + query.name.length);
  event.name_length = query.name.length;
  event.blocked = loop.is_blocked ? 1 : 0;
  std::memcpy(event.name.data(), query.name.bytes, query.name.length);
  lcore.counters.events.put(event);
}

}  // namespace penstock::path
