// tests/support/messages.h - responses of endpoints, record by record.
#pragma once

#include <utility>

#include "tests/support/frames.h"

namespace penstock::test {

// Owned by the question's name, as a pointer to it, unless `owner` says otherwise (on the wire).
struct TestRecord {
  uint16_t type = 1;
  uint32_t ttl = 60;
  Bytes data = {10, 16, 110, 189};
  Bytes owner = {0xc0, 12};
};

struct TestResponse {
  uint16_t flags = 0x8180;  // QR, RD, RA; with the rcode
  std::vector<TestRecord> answer, authority, additional;
};

inline Bytes soa_data(uint32_t minimum) {
  Bytes data = wire_name("ns.example");
  const Bytes mailbox = wire_name("hostmaster.example");
  data.insert(data.end(), mailbox.begin(), mailbox.end());
  for (const uint32_t number : {7U, 7200U, 900U, 1209600U, minimum})
    for (int shift = 24; shift >= 0; shift -= 8) data.push_back(static_cast<uint8_t>(number >> shift));
  return data;
}

// To the query, with its id and question; an OPT of the query is answered by `opt`.
inline Bytes write(const TestResponse& response, std::span<const uint8_t> query, std::optional<Opt> opt = {}) {
  size_t end = 12;
  while (query[end] != 0) end += query[end] + 1U;
  Bytes bytes(query.begin(), query.begin() + static_cast<std::ptrdiff_t>(end + 5));
  const auto number = [&](uint64_t value, int octets) {
    while (octets-- > 0) bytes.push_back(static_cast<uint8_t>(value >> 8 * octets));
  };
  put16(bytes, 2, response.flags);
  size_t count_at = 6;
  for (const auto* section : {&response.answer, &response.authority, &response.additional}) {
    put16(bytes, count_at, static_cast<uint16_t>(section->size()));
    count_at += 2;
    for (const TestRecord& record : *section) {
      bytes.insert(bytes.end(), record.owner.begin(), record.owner.end());
      number(record.type, 2);
      number(1, 2);
      number(record.ttl, 4);
      number(record.data.size(), 2);
      bytes.insert(bytes.end(), record.data.begin(), record.data.end());
    }
  }
  if (opt) {
    const Bytes record = opt_record(*opt);
    bytes.insert(bytes.end(), record.begin(), record.end());
    put16(bytes, 10, static_cast<uint16_t>(response.additional.size() + 1));
  }
  return bytes;
}

// An answer of so many octets in all, without an OPT: an address and a long text.
inline Bytes large_answer(std::span<const uint8_t> query, size_t octets) {
  const size_t data =
      octets - write(TestResponse{.answer = {{}}, .authority = {}, .additional = {}}, query).size() - 12;
  TestRecord text{.type = 16, .data = Bytes(data, 0)};
  for (size_t at = 0; at < data; at += 256) text.data[at] = static_cast<uint8_t>(std::min<size_t>(255, data - at - 1));
  return write(TestResponse{.answer = {{}, text}, .authority = {}, .additional = {}}, query);
}

}  // namespace penstock::test
