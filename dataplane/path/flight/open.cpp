#include "dataplane/path/flight/open.h"

#include <cstring>

#include "dataplane/path/limits/admit.h"

namespace penstock::path {

namespace {

[[gnu::always_inline]] inline void note_client(const state::Lcore& lcore, const QueryWork& work,
                                               state::PendingSlot& slot) {
  const Packet& packet = work.packet;
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
}

[[gnu::always_inline]] inline void note_question(const QueryWork& work, unsigned kept_length,
                                                 state::PendingQuery& query) {
  query.traits = work.query.traits;
  query.form = state::form_of(query.traits);
  query.hash = work.question_hash;
  query.failed = 0;
  query.case_bits = 0;
  query.opt_length = work.opt_length;
  query.chase = state::ChasePool::kNone;
  std::memcpy(query.message.data(), work.packet.dns, kept_length);
}

}  // namespace

std::optional<Flight> open(state::Lcore& lcore, const QueryWork& work, const config::ImagePool& pool) {
  const state::Scarce of_pool = slots_for_pool(lcore, pool);
  if (of_pool.used >= of_pool.most) return std::nullopt;
  const uint32_t index = lcore.flights.pending.open(lcore.random);
  if (index == state::PendingTable::kNone) return std::nullopt;
  const Flight flight(lcore, index);
  const state::PendingSlot& slot = flight.slot;
  note_client(lcore, work, flight.slot);
  note_question(work, slot.message_length != 0 ? slot.message_length : dns::kHeaderSize + slot.question_length,
                flight.query);
  hold_slot(lcore, index, of_pool);
  return flight;
}

void abandon(const Flight& flight) {
  release_slot(flight.lcore, flight.index);
  flight.lcore.flights.pending.close(flight.index);
}

}  // namespace penstock::path
