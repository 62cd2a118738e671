#include "dataplane/path/answer/reply.h"

#include <cstring>

#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/frame/transmit.h"

namespace penstock::path {

bool send_answer(state::Lcore& lcore, const Packet& packet, const dns::QueryTraits& traits, unsigned length) {
  return send_back(lcore, packet, dns::add_client_options(room_of(packet), length, traits, lcore.host.identity.text()));
}

bool send_back(state::Lcore& lcore, const Packet& packet, unsigned length) {
  const UdpHeaders headers{
      .destination_mac = packet.peer_mac,
      .source_mac = lcore.host.ports[packet.port].mac,
      .source = packet.destination,
      .destination = packet.source,
      .source_port = packet.destination_port,
      .destination_port = packet.source_port,
      .vlan = packet.vlan,
      .ip_id = static_cast<uint16_t>(lcore.random.next()),
      .family = packet.family,
  };
  lcore.said = state::said_in({packet.dns, length});
  if (!write_udp_frame(*packet.frame, packet.dns, static_cast<uint16_t>(length), headers)) return false;
  transmit(lcore, packet.port, *packet.frame);
  return true;
}

UdpHeaders headers_to(state::Lcore& lcore, const state::PendingSlot& slot) {
  return {.destination_mac = slot.client_mac,
          .source_mac = lcore.host.ports[slot.port].mac,
          .source = lcore.host.listen(slot.listen).bytes,
          .destination = slot.client,
          .source_port = 53,
          .destination_port = slot.client_port,
          .vlan = slot.client_vlan,
          .ip_id = static_cast<uint16_t>(lcore.random.next()),
          .family = slot.client_family};
}

UdpHeaders headers_to(state::Lcore& lcore, const state::Waiter& waiter) {
  return {.destination_mac = waiter.mac,
          .source_mac = lcore.host.ports[waiter.port].mac,
          .source = lcore.host.listen(waiter.asker.listen).bytes,
          .destination = waiter.asker.address,
          .source_port = 53,
          .destination_port = waiter.asker.port,
          .vlan = waiter.vlan,
          .ip_id = static_cast<uint16_t>(lcore.random.next()),
          .family = waiter.asker.family};
}

uint16_t write_servfail(rte_mbuf& frame, const state::PendingQuery& query, const dns::QueryTraits& traits,
                        dns::ExtendedError error) {
  const std::span<uint8_t> room = fresh_room(frame);
  if (room.size() < dns::kHeaderSize + traits.question_length + dns::kAnswerTail) return 0;
  dns::store16(room.data(), 0);
  std::memcpy(&room[dns::kHeaderSize], query.question(), traits.question_length);
  const auto rcode = query.failed == 0 ? dns::Rcode::servfail : static_cast<dns::Rcode>(query.failed);
  return static_cast<uint16_t>(dns::write_answer(room, traits, rcode, error));
}

}  // namespace penstock::path
