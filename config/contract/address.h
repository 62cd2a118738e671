// config/contract/address.h - IP addresses and prefixes as both programs and the rule image hold them.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::config {

// An IPv4 address takes the first four bytes, the rest is zero. Bytes are in network order.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};
  uint8_t family = 0;  // 4 or 6; 0: no address

  bool is_v4() const { return family == 4; }
  bool is_v6() const { return family == 6; }
  explicit operator bool() const { return family != 0; }
  auto operator<=>(const IpAddress&) const = default;
};

struct IpPrefix {
  IpAddress address;   // host bits are zero
  uint8_t length = 0;  // bits
  bool contains(const IpAddress&) const;
  auto operator<=>(const IpPrefix&) const = default;
};

// "10.16.1.10", "fd00::1"; no port, no zone index. nullopt when it is anything else.
std::optional<IpAddress> parse_address(std::string_view text);
// "10.0.0.0/8"; a bare address is a host prefix. nullopt when host bits are set or the text is anything else.
std::optional<IpPrefix> parse_prefix(std::string_view text);
// The prefix that the text is but for host bits that are set. nullopt when something else is wrong with it.
std::optional<IpPrefix> without_host_bits(std::string_view text);
// Whether the text has the form of a prefix: an address, a slash and something.
bool is_prefix_text(std::string_view text);
// The IPv4 prefix that one of ::ffff:0:0/96 is in IPv6's form (RFC 4291 section 2.5.5.2). nullopt: it is no such prefix.
std::optional<IpPrefix> mapped_v4(const IpPrefix&);
bool is_unspecified(const IpAddress&);  // 0.0.0.0, ::
bool is_multicast(const IpAddress&);    // the IPv4 broadcast address too
bool is_link_local(const IpAddress&);   // fe80::/10, which says nothing without an interface
bool is_loopback(const IpAddress&);     // 127.0.0.0/8, ::1
std::string to_string(const IpAddress&);
std::string to_string(const IpPrefix&);

}  // namespace penstock::config
