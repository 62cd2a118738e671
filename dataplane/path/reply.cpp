#include "dataplane/path/reply.h"

#include "dataplane/path/headers.h"
#include "dataplane/path/transmit.h"

namespace penstock::path {

bool reply(state::Lcore& lcore, const Packet& packet, const dns::QueryTraits& traits, dns::Rcode rcode,
           dns::ExtendedError error) {
  const auto* buffer_end = static_cast<uint8_t*>(packet.frame->buf_addr) + packet.frame->buf_len;
  const auto room = static_cast<size_t>(buffer_end - packet.dns);
  if (room < dns::kHeaderSize + traits.question_length + dns::answer_tail(error)) return false;
  const unsigned length = dns::write_answer({packet.dns, room}, traits, rcode, error);
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
  if (!write_udp_frame(*packet.frame, packet.dns, static_cast<uint16_t>(length), headers)) return false;
  transmit(lcore, packet.port, *packet.frame);
  return true;
}

}  // namespace penstock::path
