// dataplane/dns/records.h - the records behind the question of a response, one by one, and names with compression.
//
// Bounded and inside the message, whatever its bytes are: a pointer leads to before everything that its name was read from so
// far (RFC 1035 section 4.1.4: "a prior occurrence"), never into the header, and a name has kMaxPointers of them at most.
//
//   Records records(message, end_of_question);
//   Record record;
//   while (records.next(record)) ...
//   if (records.malformed()) ...            // what came before was whole nevertheless
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/dns/message.h"

namespace penstock::dns {

constexpr uint16_t kTypeA = 1;
constexpr uint16_t kTypeCname = 5;
constexpr uint16_t kTypeSoa = 6;
constexpr uint16_t kTypeTxt = 16;
constexpr uint16_t kTypeAaaa = 28;
constexpr uint16_t kTypeDname = 39;
constexpr uint16_t kTypeOpt = 41;
constexpr uint16_t kTypeRrsig = 46;
constexpr uint16_t kTypeSvcb = 64;
constexpr uint16_t kTypeHttps = 65;
constexpr uint16_t kTypeTsig = 250;
constexpr uint16_t kTypeAny = 255;

constexpr unsigned kMaxPointers = 126;  // a name has no more labels that one could stand for

enum class RecordSection : uint8_t { answer, authority, additional };

// Offsets into the message; data and all fixed fields lie inside, the owner's name is only stepped over.
struct Record {
  uint16_t owner;  // where its name begins
  uint16_t type;
  uint16_t record_class;
  uint16_t data;
  uint16_t data_length;
  RecordSection section;
  uint32_t ttl;
};

inline uint32_t load32(const uint8_t* at) {
  return uint32_t{load16(at)} << 16 | load16(at + 2);
}
inline void store32(uint8_t* at, uint32_t value) {
  store16(at, static_cast<uint16_t>(value >> 16));
  store16(at + 2, static_cast<uint16_t>(value));
}

class Records {
 public:
  // `message` has a header and at most 65535 octets; `begin`: where its question section ends.
  Records(std::span<const uint8_t> message, unsigned begin)
      : message_(message), at_(begin), left_{load16(&message[6]), load16(&message[8]), load16(&message[10])} {}

  // False: there is no more, or it is cut short.
  bool next(Record& record);
  bool malformed() const { return malformed_; }

 private:
  std::span<const uint8_t> message_;
  unsigned at_;
  unsigned section_ = 0;
  std::array<uint16_t, 3> left_;  // announced by the header, by section
  bool malformed_ = false;
};

// Steps over the name at `at` and follows no pointer. The offset behind it; 0: it is cut short.
inline unsigned skip_name(std::span<const uint8_t> message, unsigned at) {
  while (at < message.size()) {
    const unsigned length = message[at];
    if (length >= 0xc0) return at + 2 <= message.size() ? at + 2 : 0;
    if (length == 0) return at + 1;
    if (length > 63) return 0;
    at += length + 1;
  }
  return 0;
}

// A name as spelled, on the wire and without compression.
struct WireText {
  std::array<uint8_t, 255> bytes;
  uint8_t length = 0;  // 1..255
};

// Reads the name at `at`, wherever it leads. False when it is cut short, longer than 255 octets or points where it may not.
bool copy_name(std::span<const uint8_t> message, unsigned at, WireText& name);
bool read_name(std::span<const uint8_t> message, unsigned at, FoldedName& name);

// Whether the name at `at` can be read and is `name`.
bool is_name(std::span<const uint8_t> message, unsigned at, const FoldedName& name);

}  // namespace penstock::dns
