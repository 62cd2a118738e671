// dataplane/path/frame/headers.h - new Ethernet, IP and UDP headers in front of a DNS message that stays where it is.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/path/frame/packet.h"

namespace penstock::path {

struct UdpHeaders {
  std::array<uint8_t, 6> destination_mac;
  std::array<uint8_t, 6> source_mac;
  AddressBytes source;
  AddressBytes destination;
  uint16_t source_port;       // host order
  uint16_t destination_port;  // host order
  uint16_t vlan;              // tag control information, 0: untagged
  uint16_t ip_id;             // IPv4 only
  uint8_t family;
};

// Frames `dns_length` bytes at `dns`, which lie inside `frame`'s buffer, and sets the frame's start and length to fit. All
// checksums are computed in full. False, and nothing written, when there is no room for the headers before `dns` or for the
// message behind it.
bool write_udp_frame(rte_mbuf& frame, uint8_t* dns, uint16_t dns_length, const UdpHeaders& headers);

}  // namespace penstock::path
