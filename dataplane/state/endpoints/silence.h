// dataplane/state/endpoints/silence.h - which endpoints have answered nothing lately, of all that one lcore sent them.
//
// Probes need seconds to find a dead endpoint; what it owes tells within its own patience. It is no verdict on its health: one
// answer, to whatever question, ends it. So names that nobody answers set no endpoint aside that still answers others.
#pragma once

#include <array>
#include <cstdint>

#include "config/contract/image.h"

namespace penstock::state {

// By endpoint slot, times in ns.
class Silence {
 public:
  static constexpr uint32_t kOwed = 32;
  static constexpr uint64_t kTryNs = 100'000'000;

  void count_send(config::EndpointSlot slot, uint64_t now) {
    Record& record = records_[slot];
    if (record.sends++ == 0) record.since = now;
  }
  void count_answer(config::EndpointSlot slot) { records_[slot].sends = 0; }

  bool owes_much(config::EndpointSlot slot) const { return records_[slot].sends >= kOwed; }
  // Has it answered none of kOwed sends or more, the first of them longer than `patience` ago?
  bool is_silent(config::EndpointSlot slot, uint64_t patience, uint64_t now) const {
    return owes_much(slot) && now - records_[slot].since > patience;
  }
  // Whether a silent one is to be asked all the same, to see if it answers again: true once in `every`.
  bool try_again(config::EndpointSlot slot, uint64_t now, uint64_t every = kTryNs) {
    Record& record = records_[slot];
    if (now < record.try_at) return false;
    record.try_at = now + every;
    return true;
  }

 private:
  struct Record {
    uint64_t since;  // the first send since the last answer
    uint64_t try_at;
    uint32_t sends;  // since the last answer
  };
  config::IndexedArray<config::EndpointSlot, Record, config::kMaxEndpoints> records_{};
};

}  // namespace penstock::state
