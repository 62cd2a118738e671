// dataplane/state/endpoints/odd_responses.h - responses in an endpoint's name that fit no query: too many to be late are a forger's.
//
// Each query makes one late response at most. So what comes in a second beyond the queries of the last two, and a few, is nobody's
// answer. The second in which they begin is not judged: an endpoint that stood still for longer says all at once what it owes. By
// endpoint slot, times in ns.
#pragma once

#include <array>
#include <cstdint>

#include "config/contract/image.h"

namespace penstock::state {

class OddResponses {
 public:
  static constexpr uint64_t kWindow = 1'000'000'000;
  static constexpr uint64_t kAlarm = 10'000'000'000;  // so long a suspicion lasts
  static constexpr uint32_t kFew = 1000;

  // One more. `queries`: sent to the endpoint so far. True: the endpoint has just come under suspicion.
  bool count(config::EndpointSlot slot, uint64_t queries, uint64_t now) {
    Record& record = records_[slot];
    const bool is_quiet = record.begin == 0 || now >= record.begin + 2 * kWindow;
    if (is_quiet || now >= record.begin + kWindow) {
      record.is_first = is_quiet;
      record.queries_before = record.queries;
      record.queries = queries;
      record.begin = now;
      record.odd = 0;
    }
    if (++record.odd <= kFew + (queries - record.queries_before) || record.is_first) return false;
    const bool is_new = !is_suspect(slot, now);
    record.suspect_until = now + kAlarm;
    return is_new;
  }
  bool is_suspect(config::EndpointSlot slot, uint64_t now) const { return now < records_[slot].suspect_until; }

  config::EndpointIndex recent{};  // that was looked for last: a forger uses few names

 private:
  struct Record {
    uint64_t begin = 0;           // of the window; 0: there was none
    uint64_t queries = 0;         // sent before it
    uint64_t queries_before = 0;  // sent before the window that it followed
    uint64_t suspect_until = 0;
    uint64_t odd = 0;
    bool is_first = false;  // of windows that follow each other
  };
  config::IndexedArray<config::EndpointSlot, Record, config::kMaxEndpoints> records_{};
};

}  // namespace penstock::state
