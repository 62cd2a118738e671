// dataplane/state/lanes/stream_peer.h - who is at the other end of a frame of the stream port: written into its MAC.
//
// The stream port has no segment and so no addresses of its own on it. A client's query carries its connection as the source
// MAC; the answer goes to the same MAC, as on a card. All of them are unicast and locally administered.
#pragma once

#include <array>
#include <cstdint>

#include "config/contract/indices/index.h"

namespace penstock::state {

enum class PeerKind : uint8_t {
  connection = 0x02,  // a client over TCP
  datagram = 0x06,    // a client over UDP, by a socket of the kernel: a fragmented query, or one with IP options
  endpoint = 0x0a,    // whatever connection there is from the frame's source to its destination
  transfer =
      0x0e,  // the same, a new one; what comes back goes to the client's connection of this place, whose query is in the frame
};

using PeerMac = std::array<uint8_t, 6>;

struct StreamPeer {
  static constexpr uint32_t kMostPlaces = 1U << 24;

  PeerKind kind;
  uint32_t place;       // in the slow lane's table of connections, below kMostPlaces
  uint16_t generation;  // of the place: another connection has it later

  PeerMac mac() const {
    return {static_cast<uint8_t>(kind),  static_cast<uint8_t>(place >> 16),     static_cast<uint8_t>(place >> 8),
            static_cast<uint8_t>(place), static_cast<uint8_t>(generation >> 8), static_cast<uint8_t>(generation)};
  }
  // Of an endpoint: whose it is.
  config::EndpointSlot endpoint_slot() const {
    return place < config::kNoEndpointSlot.value() ? config::EndpointSlot{static_cast<uint16_t>(place)}
                                                   : config::kNoEndpointSlot;
  }
  static StreamPeer of(const uint8_t* mac) {
    return {.kind = static_cast<PeerKind>(mac[0]),
            .place = uint32_t{mac[1]} << 16 | uint32_t{mac[2]} << 8 | mac[3],
            .generation = static_cast<uint16_t>(mac[4] << 8 | mac[5])};
  }
};

inline bool is_connection(const PeerMac& mac) {
  return mac[0] == static_cast<uint8_t>(PeerKind::connection);
}

// As the source port of a frame for `transfer`: the endpoint knows no EDNS.
constexpr uint16_t kTransferWithoutOpt = 1;

// In the place of a response, from the slow lane alone: the query did not get through. Its id, then whether it had left.
constexpr unsigned kLostSize = 3;

// To an endpoint: its slot as the place, and how its pool pipelines (config::Pipelining) as the generation.
inline PeerMac endpoint_mac(config::EndpointSlot slot, uint8_t pipelining) {
  return StreamPeer{PeerKind::endpoint, slot.value(), pipelining}.mac();
}
// From one.
constexpr PeerMac kEndpointMac{static_cast<uint8_t>(PeerKind::endpoint), 0, 0, 0, 0, 0};
// What lcores send from.
constexpr PeerMac kStreamPortMac{0x02, 0xff, 0xff, 0xff, 0xff, 0xff};

}  // namespace penstock::state
