#include "config/contract/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace penstock::config {
namespace {

// Clears the bits after `length`; true when one of them was set.
bool clear_host_bits(IpAddress& address, unsigned length) {
  bool was_set = false;
  const unsigned size = address.is_v4() ? 4 : 16;
  for (unsigned i = 0; i < size; ++i) {
    const unsigned kept = length > i * 8 ? length - i * 8 : 0;
    const uint8_t mask = kept >= 8 ? 0xff : static_cast<uint8_t>(0xff00U >> kept);
    was_set = was_set || (address.bytes[i] & static_cast<uint8_t>(~mask)) != 0;
    address.bytes[i] &= mask;
  }
  return was_set;
}

}  // namespace

std::optional<IpAddress> parse_address(std::string_view text) {
  const std::string terminated(text);
  IpAddress address;
  if (inet_pton(AF_INET, terminated.c_str(), address.bytes.data()) == 1) {
    address.family = 4;
    return address;
  }
  if (inet_pton(AF_INET6, terminated.c_str(), address.bytes.data()) == 1) {
    address.family = 6;
    return address;
  }
  return std::nullopt;
}

std::optional<IpPrefix> parse_prefix(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = parse_address(text.substr(0, slash));
  if (!address) return std::nullopt;
  const unsigned longest = address->is_v4() ? 32 : 128;
  unsigned length = longest;
  if (slash != std::string_view::npos) {
    const auto digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || end != digits.data() + digits.size() || length > longest) return std::nullopt;
  }
  IpPrefix prefix{*address, static_cast<uint8_t>(length)};
  if (clear_host_bits(prefix.address, length)) return std::nullopt;
  return prefix;
}

std::optional<IpPrefix> without_host_bits(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  auto address = parse_address(text.substr(0, slash));
  unsigned length = 0;
  const auto digits = text.substr(slash + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (!address || error != std::errc() || end != digits.data() + digits.size() ||
      length > (address->is_v4() ? 32 : 128))
    return std::nullopt;
  clear_host_bits(*address, length);
  return IpPrefix{*address, static_cast<uint8_t>(length)};
}

bool is_prefix_text(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && parse_address(text.substr(0, slash)).has_value();
}

std::optional<IpPrefix> mapped_v4(const IpPrefix& prefix) {
  constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (!prefix.address.is_v6() || prefix.length < 96 ||
      std::memcmp(prefix.address.bytes.data(), kMapped, sizeof kMapped) != 0)
    return std::nullopt;
  IpPrefix v4{{{}, 4}, static_cast<uint8_t>(prefix.length - 96)};
  std::copy_n(prefix.address.bytes.begin() + 12, 4, v4.address.bytes.begin());
  return v4;
}

bool IpPrefix::contains(const IpAddress& other) const {
  if (other.family != address.family) return false;
  IpAddress network = other;
  clear_host_bits(network, length);
  return network == address;
}

bool is_unspecified(const IpAddress& address) {
  return address.bytes == IpAddress{}.bytes;
}

bool is_link_local(const IpAddress& address) {
  return address.is_v6() && address.bytes[0] == 0xfe && (address.bytes[1] & 0xc0) == 0x80;
}

bool is_multicast(const IpAddress& address) {
  if (address.is_v6()) return address.bytes[0] == 0xff;
  const bool is_broadcast = std::memcmp(address.bytes.data(), "\xff\xff\xff\xff", 4) == 0;
  return is_broadcast || (address.bytes[0] & 0xf0) == 0xe0;
}

bool is_loopback(const IpAddress& address) {
  if (address.is_v4()) return address.bytes[0] == 127;
  IpAddress one{{}, 6};
  one.bytes[15] = 1;
  return address == one;
}

std::string to_string(const IpAddress& address) {
  if (!address) return "none";
  char text[INET6_ADDRSTRLEN] = {};
  inet_ntop(address.is_v4() ? AF_INET : AF_INET6, address.bytes.data(), text, sizeof text);
  return text;
}

std::string to_string(const IpPrefix& prefix) {
  return to_string(prefix.address) + "/" + std::to_string(prefix.length);
}

}  // namespace penstock::config
