// dataplane/slow/addresses.h - our addresses as Asio's and back.
#pragma once

#include <asio/ip/address.hpp>
#include <cstring>

#include "config/contract/address.h"
#include "dataplane/slow/frame.h"

namespace penstock::slow {

inline asio::ip::address to_asio(uint8_t family, const state::AddressBytes& bytes) {
  if (family == 6) return asio::ip::address_v6(bytes);
  asio::ip::address_v4::bytes_type four;
  std::memcpy(four.data(), bytes.data(), four.size());
  return asio::ip::address_v4(four);
}
inline asio::ip::address to_asio(const config::IpAddress& address) {
  return to_asio(address.family, address.bytes);
}

inline config::IpAddress from_asio(const asio::ip::address& address) {
  config::IpAddress ours;
  ours.family = address.is_v4() ? 4 : 6;
  ours.bytes = {};
  if (address.is_v4())
    std::memcpy(ours.bytes.data(), address.to_v4().to_bytes().data(), 4);
  else
    ours.bytes = address.to_v6().to_bytes();
  return ours;
}

}  // namespace penstock::slow
