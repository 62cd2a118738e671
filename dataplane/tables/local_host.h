// dataplane/tables/local_host.h - who we are on the wire: our ports, the addresses we answer on, whose source
// port is whose.
//
// Made at start, then read by every lcore. What changes later - MACs, addresses - is changed in a copy that takes its place.
#pragma once

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "config/contract/address.h"
#include "config/contract/link.h"
#include "dataplane/tables/reverse_path.h"

namespace penstock::tables {

using AddressBytes = std::array<uint8_t, 16>;  // network order, IPv4 in the first four, the rest zero

struct LocalPort {
  static constexpr unsigned kMoreMacs = 7;

  std::array<uint8_t, 6> mac{};
  // Of interfaces that stand on the port's and have one of our addresses: a VRRP router's, on a macvlan.
  std::array<std::array<uint8_t, 6>, kMoreMacs> more_macs{};
  uint8_t more_mac_count = 0;
  // The kernel's veth and loopback hand over UDP whose checksum is only the pseudo-header's sum.
  bool accepts_partial_checksum = false;
  uint16_t mtu = 1500;  // octets of an IP packet
  // Frames that we send come back to us: the packet socket sees both directions.
  bool sees_own_frames = false;
  // Strangers go to the kernel through a TAP; otherwise the kernel has seen them itself.
  bool has_door = false;

  std::bitset<4096> vlans = ~std::bitset<4096>();             // tags of queries that are served, 0: untagged
  std::shared_ptr<const ReversePath> reverse_path = nullptr;  // empty: any source under any MAC

  // Of tag control information: priority and the drop eligible bit say nothing of whose frame it is (IEEE 802.1Q clause 9.6).
  bool serves_vlan(uint16_t tci) const { return vlans[tci & 0xfff]; }

  // Frames to these six octets are ours, and not another host's of the segment.
  bool has_mac(const uint8_t* other) const {
    if (std::equal(mac.begin(), mac.end(), other)) return true;
    for (unsigned i = 0; i < more_mac_count; ++i)
      if (std::equal(more_macs[i].begin(), more_macs[i].end(), other)) return true;
    return false;
  }
};

// Text of ours, ready as the data of a TXT record: a length and as many octets (RFC 1035 section 3.3). Empty: we say nothing.
class OwnText {
 public:
  static constexpr size_t kLongest = 255;

  // What is longer is cut.
  void set(std::string_view text) {
    octets_[0] = static_cast<uint8_t>(std::min(text.size(), kLongest));
    std::copy_n(text.begin(), octets_[0], octets_.begin() + 1);
  }
  bool is_empty() const { return octets_[0] == 0; }
  std::span<const uint8_t> text() const { return {octets_.data() + 1, octets_[0]}; }
  std::span<const uint8_t> txt_data() const { return {octets_.data(), octets_[0] + size_t{1}}; }

 private:
  std::array<uint8_t, 1 + kLongest> octets_{};
};

class LocalHost {
 public:
  static constexpr unsigned kMaxListen = 64;
  static constexpr uint8_t kNobody = 0xff;
  static constexpr int kNotListening = -1;
  // One more than there can be ports of cards: behind them stands the stream port.
  static constexpr unsigned kMaxPorts = config::kMaxPorts + 1;

  LocalHost() { owner_.fill(kNobody); }

  // The next three are for a host that no lcore sees yet. False when there are too many addresses.
  bool add_listen(const config::IpAddress& address) {
    if (listen_count_ == kMaxListen) return false;
    listen_[listen_count_++] = address;
    return true;
  }
  // Nobody is answered there any more. What was asked there before is still answered from it: its index keeps its octets until it
  // is given to another address.
  void retire_listen(unsigned index) { listen_[index].family = 0; }
  void reuse_listen(unsigned index, const config::IpAddress& address) { listen_[index] = address; }
  // Deals `count` ports from `first` to `lcores` lcores, an equal block each.
  void deal_source_ports(uint16_t first, uint16_t count, unsigned lcores) {
    const unsigned each = count / lcores;
    for (unsigned i = 0; i < each * lcores; ++i) owner_[first + i] = static_cast<uint8_t>(i / each);
  }

  // Index of a listen address, or kNotListening.
  int listen_index(uint8_t family, const AddressBytes& address) const {
    for (unsigned i = 0; i < listen_count_; ++i)
      if (listen_[i].family == family && listen_[i].bytes == address) return static_cast<int>(i);
    return kNotListening;
  }
  const config::IpAddress& listen(unsigned index) const { return listen_[index]; }
  // By index; of family 0 where an address is listened to no more.
  std::span<const config::IpAddress> listen() const { return {listen_.data(), listen_count_}; }

  // The lcore that owns a source port (host order), or kNobody: not one of ours.
  uint8_t owner(uint16_t port) const { return owner_[port]; }

  // The slow lane's: its wire is made of TCP connections (state/lanes/stream_peer.h).
  uint8_t stream_port() const { return static_cast<uint8_t>(port_count); }
  bool is_stream(uint8_t port) const { return port == port_count; }

  std::array<LocalPort, kMaxPorts> ports{};
  uint64_t version = 0;        // another in each that takes the place of one
  unsigned port_count = 0;     // of cards
  OwnText identity;            // which of several forwarders we are
  OwnText software;            // what runs here; usually unsaid
  uint16_t tcp_keepalive = 0;  // what clients over TCP are told of their idle time, in 100 ms (RFC 7828)

 private:
  unsigned listen_count_ = 0;
  std::array<config::IpAddress, kMaxListen> listen_{};
  std::array<uint8_t, 65536> owner_;
};

}  // namespace penstock::tables
