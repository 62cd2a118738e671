#include "dataplane/path/send.h"

#include <algorithm>

#include "config/model.h"
#include "dataplane/path/headers.h"
#include "dataplane/path/transmit.h"

namespace penstock::path {

uint64_t patience_with(const state::Lcore& lcore, const config::ImagePool& pool, uint16_t endpoint_slot) {
  const bool inbound = static_cast<config::PoolKind>(pool.kind) == config::PoolKind::route53_inbound;
  return inbound ? lcore.round_trips.patience_inbound(endpoint_slot)
                 : lcore.round_trips.patience_recursive(endpoint_slot);
}

bool send(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint, rte_mbuf& frame,
          uint8_t* message, uint16_t length, uint64_t now) {
  const state::EndpointHop& hop = lcore.hops[endpoint];
  state::PendingSlot& slot = lcore.pending.slot(index);
  const uint16_t source_port = lcore.ports.draw(lcore.random);
  const UdpHeaders headers{
      .destination_mac = hop.mac,
      .source_mac = lcore.host.ports[hop.port].mac,
      .source = hop.source,
      .destination = hop.address,
      .source_port = source_port,
      .destination_port = 53,
      .vlan = hop.vlan,
      .ip_id = static_cast<uint16_t>(lcore.random.next()),
      .family = hop.family,
  };
  const uint16_t id = dns::id_of(message);
  dns::store16(message, slot.upstream_id);
  if (!write_udp_frame(frame, message, length, headers)) {
    dns::store16(message, id);
    return false;
  }
  state::PendingQuery& query = lcore.pending.query(index);
  if (slot.sends == 0) query.failed = 0;
  query.send(slot.sends) = {
      .endpoint = hop.address,
      .source = hop.source,
      .at = now,
      .source_port = source_port,
      .endpoint_slot = hop.slot,
      .family = hop.family,
      .answered = false,
  };
  ++slot.sends;
  ++lcore.outstanding[hop.slot];
  lcore.silence.count_send(hop.slot, now);
  lcore.counters.endpoints[hop.slot].queries.add(1);
  transmit(lcore, hop.port, frame);

  uint64_t due = end_of_patience(lcore, slot);
  if (slot.sends < state::kMaxSends) due = std::min(due, now + patience_with(lcore, pool, hop.slot));
  lcore.pending.schedule(index, due);
  return true;
}

}  // namespace penstock::path
