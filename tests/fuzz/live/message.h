// tests/fuzz/live/message.h - a DNS message as a patient resolver reads it: the oracle's own reading, shared with none of the code
// under test.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace penstock::fuzz {

// Labels on the wire, in small letters, with the root's octet.
using LiveName = std::string;

struct LiveRecord {
  unsigned section = 0;  // answer, authority, additional
  LiveName owner;
  uint16_t type = 0;
  LiveName target;                              // of a CNAME or DNAME
  std::vector<std::vector<uint8_t>> addresses;  // of A and AAAA, and the hints of SVCB and HTTPS
};

struct LiveMessage {
  uint16_t id = 0;
  uint16_t flags = 0;
  unsigned questions = 0;
  std::vector<uint8_t> question;  // name, type and class of the first, as written
  LiveName name;                  // its name
  uint16_t type = 0;
  std::vector<LiveRecord> records;
  unsigned opts = 0;
  unsigned opt_size = 0;   // UDP size that the last one says
  bool is_signed = false;  // TSIG or SIG(0)

  unsigned rcode() const { return flags & 0xf; }
  unsigned opcode() const { return flags >> 11 & 0xf; }
};

// Header and question; nothing when they are cut short. `whole` says whether all records could be read as well, to the message's end
// or before it.
std::optional<LiveMessage> read_message(std::span<const uint8_t> bytes, bool& whole);

// The names that an answer to the question leads through, the question's first, by CNAMEs and DNAMEs of the answer section.
std::vector<LiveName> follow(const LiveMessage& message);

}  // namespace penstock::fuzz
