// dataplane/state/flights/waiters.h - clients whose question was in flight already when they asked: whom its answer goes to, too.
//
// Records come from a pool of fixed size and hang on their flight in the order in which they came. An index over all of them
// finds a client's own repetition, however long the chain.
#pragma once

#include <array>
#include <cstdint>

#include "dataplane/dns/spelling.h"
#include "dataplane/state/clients/client_network.h"
#include "dataplane/state/flights/pending.h"
#include "dataplane/state/hash_index.h"

namespace penstock::state {

// Who asked: two queries of one flight that agree in it are one query, sent twice. All fields say so, so the struct has no
// padding and is compared and hashed as octets.
struct Asker {
  AddressBytes address;  // network order
  uint16_t port;         // host order
  uint16_t id;           // of the message
  uint8_t family;
  uint8_t listen;  // index of the address asked: the answer comes from there
  uint8_t form;    // form_of() what it asked
  uint8_t unused;
  dns::Spelling spelling;

  bool operator==(const Asker&) const = default;
};
static_assert(sizeof(Asker) == 56);

struct alignas(64) Waiter {
  Asker asker;
  uint64_t asked_at;  // ns
  uint32_t flight;    // index of the pending table
  uint32_t next;      // of the flight, or kNone
  uint32_t hash;
  uint16_t vlan;      // tag control information to answer with, 0: untagged
  uint16_t udp_size;  // octets of an answer that it takes
  std::array<uint8_t, 6> mac;
  uint8_t port;     // that the query came in on
  bool is_counted;  // as held by its client (path/limits/admit.h)
  Proof proof;
  bool has_cookie;  // for the answer, the next
  dns::Cookie cookie;
};
static_assert(sizeof(Waiter) == 128);

class WaiterPool {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  // `index_entries`: a power of two, at least twice the capacity.
  WaiterPool(uint32_t capacity, uint32_t index_entries);

  // A record of the flight, last in its chain, with asker, flight and hash set; the caller fills in the rest. nullptr: none is
  // left.
  Waiter* join(PendingSlot& slot, uint32_t flight, const Asker& asker, uint32_t hash) {
    const uint32_t number = first_free_;
    if (number == kNone) return nullptr;
    Waiter& waiter = waiters_[number];
    first_free_ = waiter.next;
    waiter.asker = asker;
    waiter.flight = flight;
    waiter.hash = hash;
    waiter.next = kNone;
    (slot.waiters == 0 ? slot.first_waiter : waiters_[slot.last_waiter].next) = number;
    slot.last_waiter = number;
    ++slot.waiters;
    index_.insert(hash, number);
    ++in_use_;
    return &waiter;
  }

  // Takes the first record of a flight that has one out of its chain. It may be read until the next join().
  const Waiter& leave(PendingSlot& slot) {
    const uint32_t number = slot.first_waiter;
    Waiter& waiter = waiters_[number];
    index_.erase(waiter.hash, number);
    slot.first_waiter = waiter.next;
    --slot.waiters;
    waiter.next = first_free_;
    first_free_ = number;
    --in_use_;
    return waiter;
  }

  const Waiter& first(const PendingSlot& slot) const { return waiters_[slot.first_waiter]; }

  // Does `asker` wait for the flight already?
  bool waits(uint32_t flight, const Asker& asker, uint32_t hash) const {
    return index_.find(hash, [&](uint32_t number) {
      return waiters_[number].flight == flight && waiters_[number].asker == asker;
    }) != HashIndex::kNone;
  }

  uint32_t in_use() const { return in_use_; }
  uint32_t capacity() const { return capacity_; }

 private:
  uint32_t capacity_;
  uint32_t in_use_ = 0;
  uint32_t first_free_ = kNone;
  LargeArray<Waiter> waiters_;
  HashIndex index_;
};

}  // namespace penstock::state
