// dataplane/slow/frame.h - what goes over the rings: a DNS message with the headers that it would have had over UDP.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/frame/headers.h"
#include "dataplane/state/lanes/stream_peer.h"

namespace penstock::slow {

// A longer message has no room in a frame.
constexpr size_t kLongestMessage = 65472 - path::kMessageOffset;

struct Endpoints {
  state::AddressBytes source;
  state::AddressBytes destination;
  uint16_t source_port;  // host order, as the next
  uint16_t destination_port;
  uint8_t family;
};

// A frame that an lcore sent by the stream port.
struct Outgoing {
  state::StreamPeer peer;
  Endpoints between;
  std::span<const uint8_t> message;  // inside the frame
};

// False: it is none that the path writes.
bool read_frame(const rte_mbuf& frame, Outgoing& outgoing);

// Puts the message into the frame, as if it had come from `peer`. False: it is too long.
bool write_frame(rte_mbuf& frame, std::span<const uint8_t> message, const state::PeerMac& peer,
                 const Endpoints& between);

}  // namespace penstock::slow
