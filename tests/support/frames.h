// tests/support/frames.h - frames and DNS messages written and read for tests, apart from the code under test.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tl/expected.hpp>

#include "config/contract/address.h"

namespace penstock::test {

using Bytes = std::vector<uint8_t>;
using Mac = std::array<uint8_t, 6>;

config::IpAddress address(std::string_view text);  // throws on anything but an address
Mac mac(uint8_t last);                             // 02:00:00:00:00:last

enum class UdpSum : uint8_t { right, wrong, zero, partial };  // partial: the pseudo-header's sum only

// Numbers are in host order.
struct Frame {
  Mac source_mac{};
  Mac destination_mac{};
  std::optional<uint16_t> vlan;  // tag control information
  config::IpAddress source;
  config::IpAddress destination;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  Bytes payload;

  // Only for frames that are written: what is wrong with them.
  UdpSum udp_sum = UdpSum::right;
  bool wrong_ip_sum = false;
  uint8_t protocol = 17;
  uint16_t fragment = 0;      // IPv4 flags and offset
  unsigned option_words = 0;  // of the IPv4 header
  unsigned padding = 0;       // octets behind the datagram
  int udp_length_error = 0;   // added to the UDP header's length
  int ip_length_error = 0;    // added to the IP header's length
};

Bytes write(const Frame&);
// The error says what a receiver would find wrong: a checksum, a length, padding.
tl::expected<Frame, std::string> read(std::span<const uint8_t> bytes);
std::string to_string(const Frame&);  // addresses, ports, tag; for comparisons in tables

struct Opt {
  uint16_t udp_size = 1232;
  bool dnssec_ok = false;
  std::optional<uint16_t> extended_error = {};  // INFO-CODE
};

struct Question {
  std::string name;  // as typed; labels divided by dots
  uint16_t type = 1;
  uint16_t query_class = 1;
};

struct DnsQuery {
  uint16_t id = 0x1234;
  uint16_t flags = 0x0100;  // RD
  Question question;
  std::optional<Opt> opt;
};

Bytes wire_name(std::string_view dotted);
Bytes opt_record(const Opt&);
Bytes write(const DnsQuery&);
// The answer of an endpoint that does not validate to the query: RA and, when rcode is 0, one address 10.16.110.189 with TTL 60.
Bytes answer_to(std::span<const uint8_t> query, uint16_t rcode = 0);
// What an endpoint is sent for a message of a question and at most an OPT: ours, with the same DO, and AD.
Bytes to_endpoint(std::span<const uint8_t> message);
// What a client with this OPT, or without, is sent for an endpoint's answer that has none.
Bytes to_client(Bytes answer, const std::optional<Opt>& opt);
// What Penstock itself answers: header, the query's question unless it is left out, an OPT if given.
Bytes own_answer(const DnsQuery& query, uint16_t rcode, bool with_question = true);

void put16(Bytes& bytes, size_t at, uint16_t value);
uint16_t get16(std::span<const uint8_t> bytes, size_t at);
std::string to_hex(std::span<const uint8_t> bytes);

}  // namespace penstock::test
