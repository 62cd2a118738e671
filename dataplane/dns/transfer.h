// dataplane/dns/transfer.h - where a zone transfer ends: the messages of an AXFR (RFC 5936) or an IXFR (RFC 1995), one after another.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "dataplane/dns/message.h"
#include "dataplane/dns/records.h"

namespace penstock::dns {

constexpr uint16_t kTypeIxfr = 251;
constexpr uint16_t kTypeAxfr = 252;

enum class TransferStep : uint8_t {
  more,
  done,    // the message is the last one: the zone's SOA came again, or an error, or that there is nothing newer
  broken,  // it is no message of this transfer, or cannot be read
};

class Transfer {
 public:
  // Of a query that parse_query() read, `question_length` octets of question.
  Transfer(std::span<const uint8_t> query, unsigned question_length);

  // The next message, of at most 65535 octets.
  TransferStep take(std::span<const uint8_t> message);

 private:
  enum class Awaits : uint8_t {
    soa,     // the first record
    form,    // the second, which says whether differences or the whole zone follow
    end,     // of the whole zone: its SOA
    added,   // an SOA that ends what was removed
    change,  // an SOA that begins the next difference, or is the last
  };
  bool is_of_it(std::span<const uint8_t> message) const;
  TransferStep take(std::span<const uint8_t> message, const Record& record);

  std::array<uint8_t, 255 + 4> question_;
  uint16_t question_length_;
  uint16_t id_;
  bool is_incremental_ = false;
  Awaits awaits_ = Awaits::soa;
  uint32_t known_ = 0;   // serial that the client has
  uint32_t newest_ = 0;  // of the first SOA
  uint32_t reached_ = 0;
};

}  // namespace penstock::dns
