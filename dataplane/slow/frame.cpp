#include "dataplane/slow/frame.h"

#include <cstring>

#include "dataplane/dns/message.h"

namespace penstock::slow {

bool read_frame(const rte_mbuf& frame, Outgoing& outgoing) {
  const std::span<const uint8_t> bytes{static_cast<const uint8_t*>(frame.buf_addr) + frame.data_off, frame.data_len};
  if (bytes.size() < 14 + 20 + 8) return false;
  outgoing.peer = state::StreamPeer::of(bytes.data());
  const bool is_v4 = dns::load16(bytes.data() + 12) == 0x0800;
  if (!is_v4 && dns::load16(bytes.data() + 12) != 0x86dd) return false;
  const unsigned ip_length = is_v4 ? 20 : 40;
  if (bytes.size() < 14 + ip_length + 8) return false;
  const uint8_t* ip = bytes.data() + 14;
  Endpoints& between = outgoing.between;
  between.source = between.destination = {};
  between.family = is_v4 ? 4 : 6;
  std::memcpy(between.source.data(), ip + (is_v4 ? 12 : 8), is_v4 ? 4 : 16);
  std::memcpy(between.destination.data(), ip + (is_v4 ? 16 : 24), is_v4 ? 4 : 16);
  const uint8_t* udp = ip + ip_length;
  between.source_port = dns::load16(udp);
  between.destination_port = dns::load16(udp + 2);
  outgoing.message = bytes.subspan(14 + ip_length + 8);
  return true;
}

bool write_frame(rte_mbuf& frame, std::span<const uint8_t> message, const state::PeerMac& peer,
                 const Endpoints& between) {
  if (message.size() > kLongestMessage || frame.buf_len < path::kMessageOffset + message.size()) return false;
  uint8_t* at = static_cast<uint8_t*>(frame.buf_addr) + path::kMessageOffset;
  if (!message.empty()) std::memcpy(at, message.data(), message.size());
  return path::write_udp_frame(frame, at, static_cast<uint16_t>(message.size()),
                               {.destination_mac = state::kStreamPortMac,
                                .source_mac = peer,
                                .source = between.source,
                                .destination = between.destination,
                                .source_port = between.source_port,
                                .destination_port = between.destination_port,
                                .vlan = 0,
                                .ip_id = 0,
                                .family = between.family});
}

}  // namespace penstock::slow
