// tests/dataplane/path/answer_text.h - an endpoint's answer, written as a list of records.
//
//   answer(query, 0, {{"x.example", 5, name("y.example")}, {"y.example", 1, ip("10.0.0.1")}})
#pragma once

#include <string>
#include <vector>

#include "tests/support/frames.h"

namespace penstock::test {

struct Rr {
  std::string owner;
  uint16_t type = 1;
  Bytes data;
  uint32_t ttl = 60;
  int section = 0;  // answer, authority, additional
};

inline Bytes name(std::string_view dotted) {
  return wire_name(dotted);
}
inline Bytes ip(std::string_view text) {
  const config::IpAddress parsed = address(text);
  return {parsed.bytes.begin(), parsed.bytes.begin() + (parsed.is_v4() ? 4 : 16)};
}
inline Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}
// RFC 9460: priority 1, the target ".", one parameter.
inline Bytes service(uint8_t key, const Bytes& value) {
  return joined({{0, 1, 0, 0, key, 0, static_cast<uint8_t>(value.size())}, value});
}
inline Bytes soa() {
  return joined({wire_name("ns.example"), wire_name("admin.example"), Bytes(20, 1)});
}

// To the query, of which header and question are repeated; nothing is compressed.
inline Bytes answer(std::span<const uint8_t> query, uint16_t rcode, const std::vector<Rr>& records) {
  Bytes bytes = answer_to(query, rcode == 0 ? 15 : rcode);
  put16(bytes, 2, static_cast<uint16_t>((get16(bytes, 2) & 0xfff0) | rcode));
  for (const Rr& record : records) {
    const Bytes owner = wire_name(record.owner);
    bytes.insert(bytes.end(), owner.begin(), owner.end());
    const size_t at = bytes.size();
    bytes.resize(at + 10);
    put16(bytes, at, record.type);
    put16(bytes, at + 2, 1);
    put16(bytes, at + 4, static_cast<uint16_t>(record.ttl >> 16));
    put16(bytes, at + 6, static_cast<uint16_t>(record.ttl));
    put16(bytes, at + 8, static_cast<uint16_t>(record.data.size()));
    bytes.insert(bytes.end(), record.data.begin(), record.data.end());
    const size_t count = 6 + 2 * static_cast<size_t>(record.section);
    put16(bytes, count, static_cast<uint16_t>(get16(bytes, count) + 1));
  }
  return bytes;
}

}  // namespace penstock::test
