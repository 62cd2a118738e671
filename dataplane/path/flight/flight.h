// dataplane/path/flight/flight.h - an open query: what is asked for it now.
#pragma once

#include "dataplane/state/lcore.h"

namespace penstock::path {

// What is asked for an open query now: the client's question, or the end of a chain.
struct Asked {
  const uint8_t* message;   // header and question at least
  uint16_t message_length;  // 0: it was too long to be kept whole
  uint16_t question_length;
  uint16_t opt_length;  // of our OPT, which it ends with; 0: it has none of ours

  const uint8_t* question() const { return message + dns::kHeaderSize; }
};

inline Asked asked_of(const state::Lcore& lcore, const state::PendingSlot& slot, const state::PendingQuery& query) {
  if (query.chase == state::ChasePool::kNone)
    return {query.message.data(), slot.message_length, slot.question_length, query.opt_length};
  const state::Chase& chase = lcore.chases[query.chase];
  return {chase.message.data(), chase.message_length, chase.question_length, dns::kOptSize};
}

// Nothing is asked in the place of the client's question any more.
void end_chase(state::Lcore& lcore, state::PendingQuery& query);

}  // namespace penstock::path
