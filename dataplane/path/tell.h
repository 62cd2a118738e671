// dataplane/path/tell.h - an event for control's log: the first of a millisecond; counters have them all.
#pragma once

#include <cstring>

#include "dataplane/dns/name.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

constexpr uint64_t kEventPauseNs = 1'000'000;

// Puts `event` with the name of the question, unless another was told within kEventPauseNs.
inline void tell(state::Lcore& lcore, config::Event event, const dns::FoldedName& name) {
  if (lcore.now < lcore.silent_until) return;
  lcore.silent_until = lcore.now + kEventPauseNs;
  event.generation = lcore.rules->header().generation;
  event.name_length = name.length;
  std::memcpy(event.name.data(), name.bytes, name.length);
  lcore.counters.events.put(event);
}

}  // namespace penstock::path
