#include "dataplane/path/send.h"

#include <algorithm>

#include "config/model.h"
#include "dataplane/path/headers.h"
#include "dataplane/path/transmit.h"
#include "dataplane/state/stream_peer.h"

namespace penstock::path {
namespace {

constexpr uint64_t kMs = 1'000'000;

// A frame for the endpoint, and what its response must match. False: the frame has no room, nothing has changed.
bool write(state::Lcore& lcore, const state::PendingSlot& slot, state::PendingSend& sent, const state::EndpointHop& hop,
           rte_mbuf& frame, uint8_t* message, uint16_t length, uint64_t now) {
  const uint16_t source_port = lcore.ports.draw(lcore.random);
  const bool over_tcp = slot.over_tcp != 0;
  const uint8_t port = over_tcp ? lcore.host.stream_port() : hop.port;
  const UdpHeaders headers{
      .destination_mac = over_tcp ? state::kEndpointMac : hop.mac,
      .source_mac = lcore.host.ports[port].mac,
      .source = hop.source,
      .destination = hop.address,
      .source_port = source_port,
      .destination_port = 53,
      .vlan = over_tcp ? uint16_t{0} : hop.vlan,
      .ip_id = static_cast<uint16_t>(lcore.random.next()),
      .family = hop.family,
  };
  const uint16_t id = dns::id_of(message);
  dns::store16(message, slot.upstream_id);
  if (!write_udp_frame(frame, message, length, headers)) {
    dns::store16(message, id);
    return false;
  }
  sent = {
      .endpoint = hop.address,
      .source = hop.source,
      .at = now,
      .source_port = source_port,
      .endpoint_slot = hop.slot,
      .family = hop.family,
      .answered = false,
      .over_tcp = over_tcp,
  };
  config::EndpointCounters& counters = lcore.counters.endpoints[hop.slot];
  (over_tcp ? counters.stream_queries : counters.queries).add(1);
  if (!over_tcp) lcore.silence.count_send(hop.slot, now);
  transmit(lcore, port, frame);
  return true;
}

// With the handshake a first query takes two round trips, and the slow lane looks every millisecond or two.
uint64_t patience_over_tcp(uint64_t over_udp) {
  return std::min(2 * over_udp + 100 * kMs, std::max(over_udp, 1000 * kMs));
}

void schedule(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, const state::EndpointHop& hop,
              uint64_t now) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  uint64_t due = end_of_patience(lcore, slot);
  if (slot.sends < state::kMaxSends) {
    const uint64_t patience = patience_with(lcore, pool, hop.slot);
    due = std::min(due, now + (slot.over_tcp != 0 ? patience_over_tcp(patience) : patience));
  }
  lcore.pending.schedule(index, due);
}

}  // namespace

uint64_t patience_with(const state::Lcore& lcore, const config::ImagePool& pool, uint16_t endpoint_slot) {
  const bool inbound = static_cast<config::PoolKind>(pool.kind) == config::PoolKind::route53_inbound;
  return inbound ? lcore.round_trips.patience_inbound(endpoint_slot)
                 : lcore.round_trips.patience_recursive(endpoint_slot);
}

bool send(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint, rte_mbuf& frame,
          uint8_t* message, uint16_t length, uint64_t now) {
  state::PendingSlot& slot = lcore.pending.slot(index);
  state::PendingQuery& query = lcore.pending.query(index);
  if (!write(lcore, slot, query.send(slot.sends), lcore.hops[endpoint], frame, message, length, now)) return false;
  if (slot.sends == 0) query.failed = 0;
  ++slot.sends;
  ++lcore.outstanding[lcore.hops[endpoint].slot];
  schedule(lcore, index, pool, lcore.hops[endpoint], now);
  return true;
}

bool send_over_tcp(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint,
                   unsigned number, rte_mbuf& frame, uint8_t* message, uint16_t length, uint64_t now) {
  state::PendingSlot& slot = lcore.pending.slot(index);
  slot.over_tcp = 1;
  if (!write(lcore, slot, lcore.pending.query(index).send(number), lcore.hops[endpoint], frame, message, length, now))
    return false;
  schedule(lcore, index, pool, lcore.hops[endpoint], now);
  return true;
}

}  // namespace penstock::path
