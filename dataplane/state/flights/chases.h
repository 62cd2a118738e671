// dataplane/state/flights/chases.h - open queries whose answer led into a private zone: what is kept of it, and what is asked instead.
//
// Such a query keeps its slot, its clients and its question (state/flights/pending.h); only what is sent for it is another question.
// Few are open at once, so their records come from a pool of fixed size.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/dns/message.h"
#include "dataplane/state/clients/client_shares.h"

namespace penstock::state {

struct Chase {
  static constexpr unsigned kLongestChain = 4096;  // octets, what an answer put together may have over TCP
  static constexpr unsigned kLongestMessage = dns::kHeaderSize + 255 + 4 + 11;  // with an OPT

  uint16_t message_length;
  uint16_t question_length;  // of the message's question
  uint16_t kept_length;
  uint8_t links;  // of the chain that is kept
  uint32_t ttl;   // the least of them, s
  Sharer sharer;  // whose it counts as (path/limits/admit.h)
  bool is_counted;
  std::array<uint8_t, kLongestMessage> message;  // asked now; the id apart
  std::array<uint8_t, kLongestChain> kept;  // a message of the client's question and the chain as far as it was cut
};

class ChasePool {
 public:
  static constexpr uint16_t kChases = 256;
  static constexpr uint16_t kNone = 0;

  // A number from 1, to be kept with the query; kNone: all are in use.
  uint16_t take() {
    if (free_count_ != 0) return free_[--free_count_];
    return used_ < kChases ? ++used_ : kNone;
  }
  void give_back(uint16_t number) { free_[free_count_++] = number; }

  Chase& operator[](uint16_t number) { return chases_[number - 1]; }
  const Chase& operator[](uint16_t number) const { return chases_[number - 1]; }

  uint32_t in_use() const { return used_ - uint32_t{free_count_}; }

 private:
  uint16_t used_ = 0;  // numbers that were ever given
  uint16_t free_count_ = 0;
  std::array<uint16_t, kChases> free_;
  std::array<Chase, kChases> chases_;
};

}  // namespace penstock::state
