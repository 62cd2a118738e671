#include "dataplane/path/flight/open.h"

#include <cstring>

#include "dataplane/path/limits/admit.h"

namespace penstock::path {

uint32_t open(state::Lcore& lcore, const QueryWork& work, const config::ImagePool& pool) {
  const state::Scarce of_pool = slots_for_pool(lcore, pool);
  if (of_pool.used >= of_pool.most) return state::PendingTable::kNone;
  const uint32_t index = lcore.pending.open(lcore.random);
  if (index == state::PendingTable::kNone) return index;
  const Packet& packet = work.packet;
  state::PendingSlot& slot = lcore.pending.slot(index);
  slot.asked_at = lcore.now;
  slot.client = packet.source;
  slot.client_mac = packet.peer_mac;
  slot.client_port = packet.source_port;
  slot.client_id = dns::id_of(packet.dns);
  slot.client_vlan = packet.vlan;
  slot.question_length = work.query.traits.question_length;
  slot.message_length = packet.dns_length <= state::PendingQuery::kLongestMessage ? packet.dns_length : 0;
  slot.listen = packet.listen;
  slot.port = packet.port;
  slot.client_family = packet.family;
  slot.background = 0;
  slot.proof = static_cast<uint8_t>(work.proof) & 3;
  slot.over_tcp = lcore.host.is_stream(packet.port) ? 1 : 0;
  slot.cut_short = 0;
  slot.opaque = work.query.opaque ? 1 : 0;
  slot.counts_as_negative = 0;
  slot.odd = 0;
  state::PendingQuery& query = lcore.pending.query(index);
  query.traits = work.query.traits;
  query.form = state::form_of(query.traits);
  query.hash = work.question_hash;
  query.case_bits = 0;
  query.opt_length = work.opt_length;
  query.chase = state::ChasePool::kNone;
  std::memcpy(query.message.data(), packet.dns,
              slot.message_length != 0 ? slot.message_length : dns::kHeaderSize + slot.question_length);
  hold_slot(lcore, index, pool);
  return index;
}

void abandon(state::Lcore& lcore, uint32_t index) {
  release_slot(lcore, index);
  lcore.pending.close(index);
}

}  // namespace penstock::path
