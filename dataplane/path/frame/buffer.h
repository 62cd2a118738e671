// dataplane/path/frame/buffer.h - where a message lies in a frame's buffer, and how much room it has.
#pragma once

#include <rte_mbuf.h>

#include <cstdint>
#include <cstring>
#include <span>

#include "dataplane/path/frame/packet.h"

namespace penstock::path {

// Where a message begins in a frame that is filled anew: behind the longest headers, 14 + 4 + 40 + 8 octets.
constexpr unsigned kMessageOffset = 128;
// Octets of the longest message that a card sends in one piece: in an IPv6 packet with two VLAN tags, of 1500 octets.
constexpr unsigned kLongestForCard = 1444;

// A message inside a frame's buffer.
struct Outgoing {
  rte_mbuf& frame;
  uint8_t* message;
  uint16_t length;
};

// From the message to the end of the frame's buffer.
inline std::span<uint8_t> room_of(const Packet& packet) {
  return {packet.dns, static_cast<uint8_t*>(packet.frame->buf_addr) + packet.frame->buf_len};
}
// The same of a frame that is filled anew; empty: its buffer is too small for any message.
inline std::span<uint8_t> fresh_room(rte_mbuf& frame) {
  if (frame.buf_len < kMessageOffset) return {};
  return {static_cast<uint8_t*>(frame.buf_addr) + kMessageOffset, size_t{frame.buf_len} - kMessageOffset};
}

inline Outgoing outgoing_of(const Packet& packet) {
  return {*packet.frame, packet.dns, packet.dns_length};
}
inline bool fits_fresh(const rte_mbuf& frame, size_t length) {
  return frame.buf_len >= kMessageOffset + length;
}
// Copies the message to where one begins in `frame`, which has room for it (fits_fresh).
inline Outgoing copy_to_fresh(rte_mbuf& frame, std::span<const uint8_t> message) {
  uint8_t* at = fresh_room(frame).data();
  std::memcpy(at, message.data(), message.size());
  return {frame, at, static_cast<uint16_t>(message.size())};
}

}  // namespace penstock::path
