// dataplane/path/flight/flight.h - the handle of an open query, which stages pass on: its slot of the pending table, and what is asked now.
#pragma once

#include <span>

#include "dataplane/state/lcore.h"

namespace penstock::path {

// The question at the endpoints: the client's, or the end of a chain.
struct Asked {
  const uint8_t* message;   // header and question at least
  uint16_t message_length;  // 0: it was too long to be kept whole
  uint16_t question_length;
  uint16_t opt_length;  // of our OPT, which it ends with; 0: it has none of ours

  const uint8_t* question() const { return message + dns::kHeaderSize; }
  std::span<const uint8_t> whole() const { return {message, message_length}; }
};

// Good as long as the slot is open. Sends are named by their numbers, 0 to slot.sends - 1.
struct Flight {
  Flight(state::Lcore& owner, uint32_t number)
      : lcore(owner),
        index(number),
        slot(owner.flights.pending.slot(number)),
        query(owner.flights.pending.query(number)) {}

  state::Lcore& lcore;
  uint32_t index;
  state::PendingSlot& slot;
  state::PendingQuery& query;

  Asked asked() const {
    if (query.chase == state::ChasePool::kNone)
      return {query.message.data(), slot.message_length, slot.question_length, query.opt_length};
    const state::Chase& chase = lcore.flights.chases[query.chase];
    return {chase.message.data(), chase.message_length, chase.question_length, dns::kOptSize};
  }
  state::PendingSend& last_send() const { return query.send(slot.sends - 1U); }
  // When the client's patience ends, ns.
  uint64_t end_of_patience() const { return slot.asked_at + lcore.query_timeout_ns; }
  // Is it at the endpoints under this id?
  bool is_asked_as(uint16_t id) const { return slot.open != 0 && slot.landed == 0 && slot.upstream_id == id; }
  bool came_by_stream() const { return lcore.host.is_stream(slot.port); }
};

// The send brings no answer any more: its endpoint owes nothing for it.
void settle_send(const Flight& flight, unsigned number);
// Does any send still owe its answer?
bool is_owed(const Flight& flight);

// The client's question is the flight's again, and what was kept of the chain is free.
void end_chase(const Flight& flight);

}  // namespace penstock::path
