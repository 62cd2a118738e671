// dataplane/state/endpoints/edns_memory.h - endpoints that are asked without an OPT, because with one they answered nothing but an error.
//
// Only of an endpoint that has never answered with an OPT: one that has may fail for a name, or pass on the error of the server behind
// it, and without an OPT it would have no DNSSEC for anybody. Of all lcores; what one knows holds for the others.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>

#include "config/contract/image.h"
#include "config/contract/suffix_hash.h"
#include "dataplane/state/flights/pending.h"

namespace penstock::state {

// By endpoint slot, times in ns. A slot that has another address now is another endpoint. Two lcores that write at once say much the
// same, and the next answer says it again.
class EdnsMemory {
 public:
  // Then it is asked with one again: the error may have been the name's.
  static constexpr uint64_t kKept = 60'000'000'000;

  bool is_without(config::EndpointSlot slot, const AddressBytes& endpoint, uint64_t now) const {
    const uint64_t until = records_[slot].until.load(std::memory_order_relaxed);
    return now < until && until != kWorks && is_of(records_[slot], endpoint);
  }
  // It answered with an OPT.
  void note_works(config::EndpointSlot slot, const AddressBytes& endpoint) {
    if (!works(slot, endpoint)) write(records_[slot], endpoint, kWorks);
  }
  // It answered without an OPT what it had not with one. False: it knows EDNS all the same.
  bool note_fails(config::EndpointSlot slot, const AddressBytes& endpoint, uint64_t now) {
    if (works(slot, endpoint)) return false;
    write(records_[slot], endpoint, now + kKept);
    return true;
  }

 private:
  static constexpr uint64_t kWorks = ~uint64_t{0};

  struct Record {
    std::atomic<uint64_t> endpoint{0};  // key_of() its address
    std::atomic<uint64_t> until{0};     // or kWorks
  };

  static uint64_t key_of(const AddressBytes& address) {
    uint64_t halves[2];
    std::memcpy(halves, address.data(), sizeof halves);
    return config::fold_multiply(halves[0] ^ 0xa0761d6478bd642fULL, halves[1] ^ 0xe7037ed1a0b428dbULL);
  }
  static bool is_of(const Record& record, const AddressBytes& endpoint) {
    return record.endpoint.load(std::memory_order_relaxed) == key_of(endpoint);
  }
  static void write(Record& record, const AddressBytes& endpoint, uint64_t until) {
    record.endpoint.store(key_of(endpoint), std::memory_order_relaxed);
    record.until.store(until, std::memory_order_relaxed);
  }
  bool works(config::EndpointSlot slot, const AddressBytes& endpoint) const {
    return records_[slot].until.load(std::memory_order_relaxed) == kWorks && is_of(records_[slot], endpoint);
  }

  config::IndexedArray<config::EndpointSlot, Record, config::kMaxEndpoints> records_{};
};

}  // namespace penstock::state
