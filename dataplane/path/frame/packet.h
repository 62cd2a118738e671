// dataplane/path/frame/packet.h - a received frame as the stages after classify see it. Times are in ns, ports and lengths in host order.
//
//   field                        valid after classify said
//   frame, port                  anything
//   peer_mac, vlan               anything but malformed
//   family .. dns_length         query, response, fragment
//   listen                       query
//   is_checksum_partial          query, response
//   is_fragment                  response, fragment: of which there is only the beginning, and no checksum was looked at
#pragma once

#include <rte_mbuf.h>

#include <array>
#include <cstdint>

#include "dataplane/state/flights/pending.h"

namespace penstock::path {

using state::AddressBytes;

struct Packet {
  rte_mbuf* frame;
  uint8_t* dns;  // the UDP payload, inside the frame
  AddressBytes source;
  AddressBytes destination;
  std::array<uint8_t, 6> peer_mac;
  uint16_t dns_length;
  uint16_t source_port;
  uint16_t destination_port;
  uint16_t vlan;   // tag control information, 0: untagged
  uint8_t family;  // 4 or 6
  uint8_t port;    // index of the port that it came in on
  uint8_t listen;  // index of the address asked (tables::LocalHost)
  bool is_fragment;
  bool is_checksum_partial;  // the UDP checksum was only the pseudo-header's sum, which the port accepts
};

}  // namespace penstock::path
