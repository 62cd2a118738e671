// dataplane/state/pending.h - queries sent to endpoints and not yet answered: one lcore's own table.
//
// An array of one-cache-line slots indexed by the id that the query carries upstream. A response finds its slot with one
// load and counts only if everything in it matches (RFC 5452 section 9.1). What is needed rarely or is long - the
// question's bytes - lies in a second, cold array. Open queries form a list in order of their sending, which is the order of
// their expiry: the sweep looks at its head. No allocation after the constructor.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/dns/message.h"
#include "dataplane/state/random.h"

namespace penstock::state {

using AddressBytes = std::array<uint8_t, 16>;  // network order, IPv4 in the first four, the rest zero

struct alignas(64) PendingSlot {
  uint64_t sent_at;  // ns
  AddressBytes client;
  AddressBytes endpoint;
  std::array<uint8_t, 6> client_mac;
  uint16_t client_port;    // host order
  uint16_t client_id;      // the DNS id that the client chose
  uint16_t upstream_id;    // the one we drew
  uint16_t source_port;    // that the query left from, host order
  uint16_t endpoint_slot;  // of the endpoint state page and counters
  uint16_t client_vlan;    // tag control information to answer with, 0: untagged
  uint16_t question_length;
  uint8_t listen;  // index of the address that the client asked (tables::ListenAddresses)
  uint8_t port;    // that the query came in on
  uint8_t client_family : 3;
  uint8_t endpoint_family : 3;
  uint8_t open : 1;
};
static_assert(sizeof(PendingSlot) == 64);

// Written once when the query is sent, read when its response comes or it expires.
struct PendingQuestion {
  std::array<uint8_t, 259> bytes;  // name, type, class as sent: the client's own spelling
  AddressBytes source;             // that the query left from
  dns::QueryTraits traits;
};
static_assert(sizeof(PendingQuestion) <= 320);

class PendingTable {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  // `slots`: a power of two up to 65536. Three of four may be in use: ids must stay hard to guess and quick to draw.
  explicit PendingTable(uint32_t slots);

  // A free slot under a random id, in the list's place of the youngest; kNone when the table is full. The caller fills in all
  // but upstream_id and open.
  uint32_t open(Random& random);
  void close(uint32_t index);

  // Where a response with this id belongs, open or not.
  uint32_t index_of(uint16_t id) const { return id & mask_; }
  PendingSlot& slot(uint32_t index) { return slots_[index]; }
  PendingQuestion& question(uint32_t index) { return questions_[index]; }
  void prefetch(uint16_t id) const {
    __builtin_prefetch(&slots_[index_of(id)]);
    __builtin_prefetch(&questions_[index_of(id)]);
    __builtin_prefetch(reinterpret_cast<const char*>(&questions_[index_of(id)]) + 64);
  }

  uint32_t oldest() const { return links_[slot_count_].next; }  // kNone when nothing is open
  uint32_t in_use() const { return in_use_; }
  uint32_t capacity() const { return capacity_; }

 private:
  struct Link {
    uint32_t previous;
    uint32_t next;
  };

  uint32_t slot_count_;
  uint32_t mask_;
  uint32_t capacity_;
  uint32_t in_use_ = 0;
  std::unique_ptr<PendingSlot[]> slots_;
  std::unique_ptr<PendingQuestion[]> questions_;
  std::unique_ptr<Link[]> links_;  // the last one is the list's head: next is the oldest, previous the youngest
};

}  // namespace penstock::state
