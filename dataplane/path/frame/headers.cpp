#include "dataplane/path/frame/headers.h"

#include <cstring>

#include "dataplane/dns/message.h"
#include "dataplane/path/frame/checksum.h"

namespace penstock::path {
namespace {

using dns::store16;

constexpr uint8_t kHopLimit = 64;
constexpr uint8_t kProtocolUdp = 17;

uint8_t* write_ethernet(uint8_t* at, const UdpHeaders& headers) {
  std::memcpy(at, headers.destination_mac.data(), 6);
  std::memcpy(at + 6, headers.source_mac.data(), 6);
  at += 12;
  if (headers.vlan != 0) {
    store16(at, 0x8100);
    store16(at + 2, headers.vlan);
    at += 4;
  }
  store16(at, headers.family == 4 ? 0x0800 : 0x86dd);
  return at + 2;
}

uint8_t* write_ipv4(uint8_t* at, const UdpHeaders& headers, uint16_t udp_length) {
  at[0] = 0x45;
  at[1] = 0;
  store16(at + 2, static_cast<uint16_t>(20 + udp_length));
  store16(at + 4, headers.ip_id);
  store16(at + 6, 0);  // may be fragmented on the way: a lost answer is worse
  at[8] = kHopLimit;
  at[9] = kProtocolUdp;
  at[10] = at[11] = 0;
  std::memcpy(at + 12, headers.source.data(), 4);
  std::memcpy(at + 16, headers.destination.data(), 4);
  // Of the numbers, not of the bytes: a load that spans stores of a moment ago waits for them.
  const auto number = [](unsigned value) { return uint64_t{__builtin_bswap16(static_cast<uint16_t>(value))}; };
  const uint64_t fields = number(0x4500) + number(20U + udp_length) + number(headers.ip_id) +
                          number(unsigned{kHopLimit} << 8 | kProtocolUdp);
  const auto sum = static_cast<uint16_t>(
      ~fold_sum(fields + ones_sum(headers.source.data(), 4) + ones_sum(headers.destination.data(), 4)));
  std::memcpy(at + 10, &sum, 2);
  return at + 20;
}

uint8_t* write_ipv6(uint8_t* at, const UdpHeaders& headers, uint16_t udp_length) {
  store16(at, 0x6000);
  store16(at + 2, 0);
  store16(at + 4, udp_length);
  at[6] = kProtocolUdp;
  at[7] = kHopLimit;
  std::memcpy(at + 8, headers.source.data(), 16);
  std::memcpy(at + 24, headers.destination.data(), 16);
  return at + 40;
}

}  // namespace

bool write_udp_frame(rte_mbuf& frame, uint8_t* dns, uint16_t dns_length, const UdpHeaders& headers) {
  const unsigned header_length = 14U + (headers.vlan != 0 ? 4U : 0U) + (headers.family == 4 ? 20U : 40U) + 8U;
  auto* buffer = static_cast<uint8_t*>(frame.buf_addr);
  const auto dns_offset = static_cast<size_t>(dns - buffer);
  if (dns_offset < header_length || dns_offset + dns_length > frame.buf_len) return false;

  const auto udp_length = static_cast<uint16_t>(8 + dns_length);
  uint8_t* at = write_ethernet(dns - header_length, headers);
  at = headers.family == 4 ? write_ipv4(at, headers, udp_length) : write_ipv6(at, headers, udp_length);
  store16(at, headers.source_port);
  store16(at + 2, headers.destination_port);
  store16(at + 4, udp_length);
  at[6] = at[7] = 0;
  uint64_t sum = pseudo_header_sum(headers.family, headers.source.data(), headers.destination.data(), udp_length);
  for (const uint16_t field : {headers.source_port, headers.destination_port, udp_length})
    sum += __builtin_bswap16(field);
  sum += ones_sum(dns, dns_length);
  const auto checksum = static_cast<uint16_t>(~fold_sum(sum));
  const uint16_t sent = checksum != 0 ? checksum : 0xffff;  // RFC 768: zero would mean that there is none
  std::memcpy(at + 6, &sent, 2);

  frame.data_off = static_cast<uint16_t>(dns_offset - header_length);
  frame.data_len = static_cast<uint16_t>(header_length + dns_length);
  frame.pkt_len = frame.data_len;
  frame.ol_flags &= RTE_MBUF_F_EXTERNAL | RTE_MBUF_F_INDIRECT;  // whose buffer it is; no offload: all sums are there
  return true;
}

}  // namespace penstock::path
