#include "dataplane/path/frame/classify.h"

#include <cstring>

#include "dataplane/dns/message.h"
#include "dataplane/path/frame/checksum.h"

namespace penstock::path {
namespace {

using config::ClassifyOutcome;
using dns::load16;

constexpr uint16_t kDnsPort = 53;
constexpr uint8_t kProtocolUdp = 17;
constexpr uint8_t kNextHeaderFragment = 44;

// What is left of the frame: a cursor that the header readers move.
struct Rest {
  uint8_t* at;
  unsigned length;
  void skip(unsigned n) {
    at += n;
    length -= n;
  }
};

enum class Network : uint8_t { udp, first_fragment, stranger, malformed, bad_checksum };

// RFC 791. On udp, `rest` is the UDP datagram without the Ethernet padding behind it.
Network read_ipv4(Rest& rest, Packet& packet) {
  if (rest.length < 20) return Network::malformed;
  const uint8_t* header = rest.at;
  const unsigned header_length = (header[0] & 0x0fU) * 4;
  const unsigned total_length = load16(header + 2);
  if ((header[0] >> 4) != 4 || header_length < 20) return Network::malformed;
  if (total_length < header_length || total_length > rest.length) return Network::malformed;
  if (header_length != 20) return Network::stranger;                 // options
  if ((load16(header + 6) & 0x1fff) != 0) return Network::stranger;  // a later fragment
  if (header[9] != kProtocolUdp) return Network::stranger;
  if (fold_sum(ones_sum(header, 20)) != 0xffff) return Network::bad_checksum;
  packet.family = 4;
  // Whole words: what is written in pieces cannot be read at once for a while.
  const auto widen = [](const uint8_t* from, AddressBytes& into) {
    uint32_t address = 0;
    std::memcpy(&address, from, 4);
    const std::array<uint64_t, 2> words{address, 0};  // little-endian, as the whole of the image is
    std::memcpy(into.data(), words.data(), sizeof words);
  };
  widen(header + 12, packet.source);
  widen(header + 16, packet.destination);
  rest.length = total_length;
  rest.skip(20);
  return (load16(header + 6) & 0x2000) == 0 ? Network::udp : Network::first_fragment;
}

// RFC 8200. Extension headers are the kernel's, but for a fragment header (section 4.5) with UDP behind it.
Network read_ipv6(Rest& rest, Packet& packet) {
  if (rest.length < 40) return Network::malformed;
  const uint8_t* header = rest.at;
  const unsigned payload_length = load16(header + 4);
  if ((header[0] >> 4) != 6 || payload_length + 40 > rest.length) return Network::malformed;
  const bool is_fragment = header[6] == kNextHeaderFragment && payload_length >= 8 && header[40] == kProtocolUdp &&
                           (load16(header + 42) & 0xfff8) == 0;
  if (header[6] != kProtocolUdp && !is_fragment) return Network::stranger;
  packet.family = 6;
  std::memcpy(packet.source.data(), header + 8, 16);
  std::memcpy(packet.destination.data(), header + 24, 16);
  rest.length = payload_length + 40;
  rest.skip(40);
  if (!is_fragment) return Network::udp;
  rest.skip(8);
  return Network::first_fragment;
}

enum class Checksum : uint8_t { good, partial, missing, bad };

Checksum verify(const Packet& packet, const uint8_t* udp, unsigned udp_length) {
  uint16_t stored = 0;
  std::memcpy(&stored, udp + 6, 2);
  if (stored == 0) return packet.family == 4 ? Checksum::good : Checksum::missing;
  const uint64_t pseudo = pseudo_header_sum(packet.family, packet.source.data(), packet.destination.data(), udp_length);
  if (fold_sum(pseudo + ones_sum(udp, udp_length)) == 0xffff) return Checksum::good;
  return stored == fold_sum(pseudo) ? Checksum::partial : Checksum::bad;
}

// What a step says of a frame that goes on to the next one. Steps are inlined: each has one caller, for every frame.
constexpr ClassifyOutcome kGoesOn = ClassifyOutcome::query;

struct Ethernet {
  const uint8_t* to_mac;
  uint16_t type;
};

[[gnu::always_inline]] inline ClassifyOutcome read_ethernet(const tables::LocalPort& port, Rest& rest,
                                                            Ethernet& ethernet, Packet& packet) {
  if (rest.length < 14) return ClassifyOutcome::malformed;
  std::memcpy(packet.peer_mac.data(), rest.at + 6, 6);
  // Nobody sends from a group's address (IEEE 802.3 clause 3.2.3): an answer to it would go to the whole segment.
  if ((packet.peer_mac[0] & 1) != 0) return ClassifyOutcome::malformed;
  if (port.sees_own_frames && packet.peer_mac == port.mac) return ClassifyOutcome::own_echo;
  ethernet = {.to_mac = rest.at, .type = load16(rest.at + 12)};
  packet.vlan = 0;
  rest.skip(14);
  if (ethernet.type == 0x8100) {
    if (rest.length < 4) return ClassifyOutcome::malformed;
    packet.vlan = load16(rest.at);
    ethernet.type = load16(rest.at + 2);
    rest.skip(4);
  }
  return kGoesOn;
}

[[gnu::always_inline]] inline ClassifyOutcome read_network(uint16_t ether_type, Rest& rest, Packet& packet) {
  if (ether_type != 0x0800 && ether_type != 0x86dd) return ClassifyOutcome::stranger;
  packet.is_fragment = false;
  switch (ether_type == 0x0800 ? read_ipv4(rest, packet) : read_ipv6(rest, packet)) {
    case Network::stranger:
      return ClassifyOutcome::stranger;
    case Network::malformed:
      return ClassifyOutcome::malformed;
    case Network::bad_checksum:
      return ClassifyOutcome::bad_ip_checksum;
    case Network::first_fragment:
      packet.is_fragment = true;
      break;
    case Network::udp:
      break;
  }
  return kGoesOn;
}

// A datagram that is no response to us: to port 53 of one of our addresses?
[[gnu::always_inline]] inline ClassifyOutcome find_address_asked(const tables::LocalHost& host, Packet& packet) {
  // The kernel puts it together and the slow lane answers.
  if (packet.is_fragment) return ClassifyOutcome::stranger;
  if (packet.destination_port != kDnsPort) return ClassifyOutcome::stranger;
  const int listen = host.listen_index(packet.family, packet.destination);
  if (listen == tables::LocalHost::kNotListening) return ClassifyOutcome::stranger;
  packet.listen = static_cast<uint8_t>(listen);
  return kGoesOn;
}

[[gnu::always_inline]] inline ClassifyOutcome check_link(const tables::LocalPort& port, const uint8_t* to_mac,
                                                         bool is_response, const Packet& packet) {
  // RFC 1122 section 3.3.6: a unicast datagram in a broadcast frame is discarded.
  if ((to_mac[0] & 1) != 0) return ClassifyOutcome::malformed;
  if (!port.has_mac(to_mac)) return ClassifyOutcome::other_mac;
  if (is_response) return kGoesOn;
  if (!port.serves_vlan(packet.vlan)) return ClassifyOutcome::other_vlan;
  if (port.reverse_path &&
      !port.reverse_path->admits({packet.source, packet.family}, packet.vlan & 0xfff, packet.peer_mac))
    return ClassifyOutcome::other_path;
  return kGoesOn;
}

[[gnu::always_inline]] inline ClassifyOutcome verify_datagram(const tables::LocalPort& port, const Rest& udp,
                                                              Packet& packet) {
  const unsigned length = load16(udp.at + 4);
  if (length < 8 || length > udp.length) return ClassifyOutcome::malformed;
  switch (verify(packet, udp.at, length)) {
    case Checksum::missing:
      return ClassifyOutcome::no_udp_checksum;
    case Checksum::bad:
      return ClassifyOutcome::bad_udp_checksum;
    case Checksum::partial:
      if (!port.accepts_partial_checksum) return ClassifyOutcome::bad_udp_checksum;
      packet.is_checksum_partial = true;
      break;
    case Checksum::good:
      break;
  }
  packet.dns = udp.at + 8;
  packet.dns_length = static_cast<uint16_t>(length - 8);
  return kGoesOn;
}

ClassifyOutcome take_fragment(const Rest& udp, Packet& packet) {
  packet.dns = udp.at + 8;
  packet.dns_length = static_cast<uint16_t>(udp.length - 8);
  return ClassifyOutcome::fragment;
}

}  // namespace

ClassifyOutcome classify(rte_mbuf& frame, uint8_t port, const tables::LocalHost& host, Packet& packet) {
  const tables::LocalPort& local_port = host.ports[port];
  packet.frame = &frame;
  packet.port = port;
  packet.is_checksum_partial = false;
  // A chain of segments is a frame larger than any of ours.
  if (frame.nb_segs != 1) return ClassifyOutcome::stranger;
  Rest rest{static_cast<uint8_t*>(frame.buf_addr) + frame.data_off, frame.data_len};
  Ethernet ethernet{};
  if (const auto ended = read_ethernet(local_port, rest, ethernet, packet); ended != kGoesOn) return ended;
  if (const auto ended = read_network(ethernet.type, rest, packet); ended != kGoesOn) return ended;
  if (rest.length < 8) return ClassifyOutcome::malformed;
  packet.source_port = load16(rest.at);
  packet.destination_port = load16(rest.at + 2);
  const bool is_response =
      packet.source_port == kDnsPort && host.owner(packet.destination_port) != tables::LocalHost::kNobody;
  if (!is_response)
    if (const auto ended = find_address_asked(host, packet); ended != kGoesOn) return ended;
  if (const auto ended = check_link(local_port, ethernet.to_mac, is_response, packet); ended != kGoesOn) return ended;
  if (packet.is_fragment) return take_fragment(rest, packet);
  if (const auto ended = verify_datagram(local_port, rest, packet); ended != kGoesOn) return ended;
  return is_response ? ClassifyOutcome::response : ClassifyOutcome::query;
}

}  // namespace penstock::path
