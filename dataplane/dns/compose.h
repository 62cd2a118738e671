// dataplane/dns/compose.h - a message put together from records of others.
//
// Names are read wherever they lead in their own message and written anew, compressed where readers expect it: owners, and
// data of the types of RFC 1035 (RFC 3597 section 4). Data of types that may hold no compressed name are copied as they are.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/dns/records.h"

namespace penstock::dns {

// How many names the data of a record of `type` hold, and where in `data`, or behind them, the first one begins.
unsigned names_in_data(uint16_t type, std::span<const uint8_t> data, unsigned& at);

enum class Composed : uint8_t {
  done,
  full,        // no room is left
  unreadable,  // a name cannot be read, or data are not what their type says
};

class Composer {
 public:
  // Writes into `room`, which has space for a header. Flags and id are the caller's.
  explicit Composer(std::span<uint8_t> room);

  // Name, type and class without compression; first of all.
  Composed add_question(std::span<const uint8_t> question);
  // `record` of `message`; its section must not come before the last one's. On anything but done the message is as before.
  Composed add(std::span<const uint8_t> message, const Record& record, uint32_t ttl);
  Composed add_cname(const WireText& owner, uint16_t record_class, uint32_t ttl, const WireText& target);

  unsigned length() const { return length_; }

 private:
  struct Known {
    FoldedName name;
    uint16_t at;      // where it was written
    uint8_t written;  // labels of it; a pointer follows
  };
  static constexpr unsigned kKnown = 16;

  Composed take(Composed outcome, unsigned before, unsigned count_at);
  Composed write_name(const WireText& name, bool compress);
  Composed write_name(std::span<const uint8_t> message, unsigned at, bool compress);
  Composed write_bytes(std::span<const uint8_t> bytes);
  Composed write_fixed(uint16_t type, uint16_t record_class, uint32_t ttl);
  Composed write_data(std::span<const uint8_t> message, const Record& record);

  std::span<uint8_t> room_;
  unsigned length_ = kHeaderSize;
  unsigned known_count_ = 0;
  std::array<Known, kKnown> known_;
};

}  // namespace penstock::dns
