#include "tests/support/frames.h"

#include <algorithm>
#include <cstdio>
#include <stdexcept>

namespace penstock::test {
namespace {

void add16(Bytes& bytes, unsigned value) {
  bytes.push_back(static_cast<uint8_t>(value >> 8));
  bytes.push_back(static_cast<uint8_t>(value));
}
template <typename Range>
void add(Bytes& bytes, const Range& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}
void add_address(Bytes& bytes, const config::IpAddress& address) {
  bytes.insert(bytes.end(), address.bytes.begin(), address.bytes.begin() + (address.is_v4() ? 4 : 16));
}

// RFC 1071, word by word as the standard says it.
uint16_t internet_sum(std::span<const uint8_t> bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 2) {
    sum += static_cast<uint32_t>(bytes[i]) << 8;
    if (i + 1 < bytes.size()) sum += bytes[i + 1];
    if (sum > 0xffff) sum = (sum & 0xffff) + 1;
  }
  return static_cast<uint16_t>(sum);
}

Bytes pseudo_header(const Frame& frame, size_t udp_length) {
  Bytes pseudo;
  add_address(pseudo, frame.source);
  add_address(pseudo, frame.destination);
  add16(pseudo, static_cast<unsigned>(udp_length));
  add16(pseudo, 17);
  return pseudo;
}

uint16_t udp_checksum(const Frame& frame, const Bytes& udp) {
  Bytes pseudo = pseudo_header(frame, udp.size());
  if (frame.udp_sum == UdpSum::zero) return 0;
  if (frame.udp_sum == UdpSum::partial) return internet_sum(pseudo);
  add(pseudo, udp);
  uint16_t sum = static_cast<uint16_t>(~internet_sum(pseudo));
  if (sum == 0) sum = 0xffff;
  return frame.udp_sum == UdpSum::wrong ? static_cast<uint16_t>(sum ^ 0x0100) : sum;
}

Bytes write_datagram(const Frame& frame) {
  Bytes udp;
  add16(udp, frame.source_port);
  add16(udp, frame.destination_port);
  add16(udp, static_cast<unsigned>(static_cast<int>(8 + frame.payload.size()) + frame.udp_length_error));
  add16(udp, 0);
  add(udp, frame.payload);
  if (frame.protocol == 17) put16(udp, 6, udp_checksum(frame, udp));
  return udp;
}

void add_ipv4(Bytes& bytes, const Frame& frame, size_t length) {
  Bytes header(20 + 4 * frame.option_words, 1);  // no-operation options
  header[0] = static_cast<uint8_t>(0x45 + frame.option_words);
  header[1] = 0;
  put16(header, 2, static_cast<uint16_t>(static_cast<int>(header.size() + length) + frame.ip_length_error));
  put16(header, 4, 0x4711);
  put16(header, 6, frame.fragment);
  header[8] = 63;
  header[9] = frame.protocol;
  put16(header, 10, 0);
  std::copy_n(frame.source.bytes.begin(), 4, header.begin() + 12);
  std::copy_n(frame.destination.bytes.begin(), 4, header.begin() + 16);
  put16(header, 10, static_cast<uint16_t>(~internet_sum(header) ^ (frame.wrong_ip_sum ? 1 : 0)));
  add(bytes, header);
}

void add_ipv6(Bytes& bytes, const Frame& frame, size_t length) {
  add16(bytes, 0x6000);
  add16(bytes, 0);
  add16(bytes, static_cast<unsigned>(static_cast<int>(length) + frame.ip_length_error));
  bytes.push_back(frame.protocol);
  bytes.push_back(63);
  add_address(bytes, frame.source);
  add_address(bytes, frame.destination);
}

config::IpAddress address_at(std::span<const uint8_t> bytes, size_t at, uint8_t family) {
  config::IpAddress address;
  address.family = family;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), family == 4 ? 4 : 16, address.bytes.begin());
  return address;
}

}  // namespace

config::IpAddress address(std::string_view text) {
  const auto parsed = config::parse_address(text);
  if (!parsed) throw std::invalid_argument("not an address: " + std::string(text));
  return *parsed;
}

Mac mac(uint8_t last) {
  return {2, 0, 0, 0, 0, last};
}

Bytes write(const Frame& frame) {
  Bytes bytes;
  add(bytes, frame.destination_mac);
  add(bytes, frame.source_mac);
  if (frame.vlan) {
    add16(bytes, 0x8100);
    add16(bytes, *frame.vlan);
  }
  const Bytes datagram = write_datagram(frame);
  add16(bytes, frame.source.is_v4() ? 0x0800 : 0x86dd);
  if (frame.source.is_v4())
    add_ipv4(bytes, frame, datagram.size());
  else
    add_ipv6(bytes, frame, datagram.size());
  add(bytes, datagram);
  bytes.resize(bytes.size() + frame.padding, 0xee);
  return bytes;
}

tl::expected<Frame, std::string> read(std::span<const uint8_t> bytes) {
  const auto wrong = [](const char* text) { return tl::make_unexpected(std::string(text)); };
  if (bytes.size() < 14 + 20 + 8) return wrong("shorter than its headers");
  Frame frame;
  std::copy_n(bytes.begin(), 6, frame.destination_mac.begin());
  std::copy_n(bytes.begin() + 6, 6, frame.source_mac.begin());
  size_t at = 12;
  if (get16(bytes, at) == 0x8100) {
    frame.vlan = get16(bytes, at + 2);
    at += 4;
  }
  const uint16_t type = get16(bytes, at);
  at += 2;
  size_t udp = 0;
  if (type == 0x0800) {
    if (bytes[at] != 0x45) return wrong("not an IPv4 header of 20 octets");
    if (internet_sum(bytes.subspan(at, 20)) != 0xffff) return wrong("wrong IPv4 checksum");
    if (at + get16(bytes, at + 2) != bytes.size()) return wrong("the IPv4 length is not the frame's");
    if (get16(bytes, at + 6) != 0) return wrong("flags or a fragment offset");
    if (bytes[at + 8] == 0) return wrong("TTL 0");
    if (bytes[at + 9] != 17) return wrong("not UDP");
    frame.source = address_at(bytes, at + 12, 4);
    frame.destination = address_at(bytes, at + 16, 4);
    udp = at + 20;
  } else if (type == 0x86dd) {
    if (bytes.size() < at + 48 || bytes[at] >> 4 != 6) return wrong("not IPv6");
    if (at + 40 + get16(bytes, at + 4) != bytes.size()) return wrong("the IPv6 length is not the frame's");
    if (bytes[at + 6] != 17) return wrong("not UDP");
    if (bytes[at + 7] == 0) return wrong("hop limit 0");
    frame.source = address_at(bytes, at + 8, 6);
    frame.destination = address_at(bytes, at + 24, 6);
    udp = at + 40;
  } else {
    return wrong("not IP");
  }
  const auto datagram = bytes.subspan(udp);
  if (get16(datagram, 4) != datagram.size()) return wrong("the UDP length is not the frame's");
  if (get16(datagram, 6) == 0) return wrong("no UDP checksum");
  Bytes summed = pseudo_header(frame, datagram.size());
  add(summed, datagram);
  if (internet_sum(summed) != 0xffff) return wrong("wrong UDP checksum");
  frame.source_port = get16(datagram, 0);
  frame.destination_port = get16(datagram, 2);
  frame.payload.assign(datagram.begin() + 8, datagram.end());
  return frame;
}

std::string to_string(const Frame& frame) {
  const auto mac_text = [](const Mac& mac) { return to_hex(mac); };
  std::string text = mac_text(frame.source_mac) + ">" + mac_text(frame.destination_mac);
  if (frame.vlan) text += " vlan " + std::to_string(*frame.vlan);
  return text + " " + config::to_string(frame.source) + "." + std::to_string(frame.source_port) + " > " +
         config::to_string(frame.destination) + "." + std::to_string(frame.destination_port);
}

Bytes wire_name(std::string_view dotted) {
  Bytes wire;
  while (!dotted.empty()) {
    const size_t end = std::min(dotted.find('.'), dotted.size());
    wire.push_back(static_cast<uint8_t>(end));
    add(wire, dotted.substr(0, end));
    dotted.remove_prefix(std::min(end + 1, dotted.size()));
  }
  wire.push_back(0);
  return wire;
}

Bytes opt_record(const Opt& opt) {
  Bytes bytes{0};
  add16(bytes, 41);
  add16(bytes, opt.udp_size);
  add16(bytes, 0);
  add16(bytes, opt.dnssec_ok ? 0x8000 : 0);
  add16(bytes, opt.extended_error ? 6 : 0);
  if (opt.extended_error) {
    add16(bytes, 15);
    add16(bytes, 2);
    add16(bytes, *opt.extended_error);
  }
  return bytes;
}

Bytes write(const DnsQuery& query) {
  Bytes bytes;
  for (const unsigned word : {unsigned{query.id}, unsigned{query.flags}, 1U, 0U, 0U, query.opt ? 1U : 0U})
    add16(bytes, word);
  add(bytes, wire_name(query.question.name));
  add16(bytes, query.question.type);
  add16(bytes, query.question.query_class);
  if (query.opt) add(bytes, opt_record(*query.opt));
  return bytes;
}

Bytes answer_to(std::span<const uint8_t> query, uint16_t rcode) {
  size_t end = 12;
  while (query[end] != 0) end += query[end] + 1U;
  Bytes bytes(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(end + 5));
  put16(bytes, 2, static_cast<uint16_t>((get16(query, 2) & ~0x20) | 0x8080 | rcode));
  put16(bytes, 10, 0);
  if (rcode != 0) return bytes;
  put16(bytes, 6, 1);
  add(bytes, Bytes{0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 16, 110, 189});
  return bytes;
}

Bytes to_endpoint(std::span<const uint8_t> message) {
  size_t end = 12;
  while (message[end] != 0) end += message[end] + 1U;
  end += 5;
  Bytes bytes(message.begin(), message.begin() + static_cast<std::ptrdiff_t>(end));
  const bool had_opt = get16(message, 10) != 0;
  put16(bytes, 2, static_cast<uint16_t>(get16(message, 2) | 0x20));
  put16(bytes, 10, 1);
  add(bytes,
      opt_record({.udp_size = 1232, .dnssec_ok = had_opt && (message[end + 7] & 0x80) != 0, .extended_error = {}}));
  return bytes;
}

Bytes to_client(Bytes answer, const std::optional<Opt>& opt) {
  if (!opt) return answer;
  put16(answer, 10, static_cast<uint16_t>(get16(answer, 10) + 1));
  add(answer, opt_record({.udp_size = 1232, .dnssec_ok = opt->dnssec_ok, .extended_error = {}}));
  return answer;
}

Bytes own_answer(const DnsQuery& query, uint16_t rcode, bool with_question) {
  DnsQuery answer = query;
  const bool is_query = (query.flags & 0x7800) == 0;
  answer.flags =
      static_cast<uint16_t>(0x8000 | (is_query ? 0x80 : 0) | (query.flags & (is_query ? 0x7910 : 0x7900)) | rcode);
  Bytes bytes = write(answer);
  if (with_question) return bytes;
  bytes.resize(12);
  put16(bytes, 4, 0);
  put16(bytes, 10, 0);
  return bytes;
}

void put16(Bytes& bytes, size_t at, uint16_t value) {
  bytes.at(at) = static_cast<uint8_t>(value >> 8);
  bytes.at(at + 1) = static_cast<uint8_t>(value);
}

uint16_t get16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::string to_hex(std::span<const uint8_t> bytes) {
  std::string text;
  for (const uint8_t byte : bytes) {
    char hex[3];
    std::snprintf(hex, sizeof hex, "%02x", byte);
    text += hex;
  }
  return text;
}

}  // namespace penstock::test
