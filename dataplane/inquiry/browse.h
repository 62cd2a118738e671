// dataplane/inquiry/browse.h - the answers that are cached, as control reads them.
#pragma once

#include <cstdint>
#include <vector>

#include "config/contract/inquiry/browse.h"
#include "dataplane/state/answers/answer_cache.h"
#include "dataplane/state/endpoints/pool_reach.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::inquiry {

constexpr uint32_t kPagesAtOnce = 256;  // some 100 us of the main thread

// What the answers are judged by. `now`: ns of the lcores' clock.
struct Present {
  const tables::Ruleset* rules;  // nullptr: there are none
  const state::PoolReturns& returns;
  uint64_t now;
};

// The message: config::Browsed and the entries behind it. Main thread, beside the lcores.
std::vector<uint8_t> browse(const config::Browse& request, const state::AnswerCache& answers, const Present& present);

}  // namespace penstock::inquiry
