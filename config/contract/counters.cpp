#include "config/contract/counters.h"

#include <cstdlib>

namespace penstock::config {

int64_t accounting_residual(const CounterPage& page) {
  int64_t frames = 0;
  int64_t queries = 0;
  int64_t responses = 0;
  int64_t pending = 0;
  int64_t waiting = 0;
  for (uint32_t i = 0; i < page.lcores; ++i) {
    const LcoreCounters& lcore = page.lcore[i];
    const auto signed_of = [](uint64_t n) { return static_cast<int64_t>(n); };
    frames += signed_of(lcore.received.get()) - signed_of(lcore.classify.sum());
    frames += signed_of(lcore.classify[ClassifyOutcome::stranger].get()) - signed_of(lcore.door.sum());
    queries += signed_of(lcore.classify[ClassifyOutcome::query].get()) - signed_of(lcore.query.sum());
    responses += signed_of(lcore.classify[ClassifyOutcome::response].get()) +
                 signed_of(lcore.classify[ClassifyOutcome::fragment].get()) -
                 signed_of(lcore.handoff[HandoffOutcome::full].get()) - signed_of(lcore.response.sum());
    pending += signed_of(lcore.query[QueryOutcome::forwarded].get()) +
               signed_of(lcore.refresh[RefreshOutcome::sent].get()) -
               signed_of(lcore.response[ResponseOutcome::returned].get()) -
               signed_of(lcore.response[ResponseOutcome::blocked].get()) -
               signed_of(lcore.response[ResponseOutcome::replaced_stale].get()) -
               signed_of(lcore.response[ResponseOutcome::refreshed].get()) - signed_of(lcore.sweep.sum()) -
               signed_of(lcore.pending.get());
    waiting += signed_of(lcore.query[QueryOutcome::joined].get()) - signed_of(lcore.waiter.sum()) -
               signed_of(lcore.waiting.get());
  }
  // Added up without signs: two faults must not cancel out.
  return std::abs(frames) + std::abs(queries) + std::abs(responses) + std::abs(pending) + std::abs(waiting);
}

}  // namespace penstock::config
