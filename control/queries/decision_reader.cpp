#include "control/queries/decision_reader.h"

#include <algorithm>

namespace penstock::control {
namespace {

template <typename Place>
DecisionCursor cursor_at(const config::CounterPage& page, Place&& place) {
  DecisionCursor cursor{.dataplane_started_at = page.started_at, .slots = {}};
  for (uint32_t i = 0; i < page.lcores; ++i) cursor.slots.push_back(place(page.lcore[i].decisions));
  return cursor;
}

// Slots between are the rest of a decision whose beginning is gone, or were overwritten.
uint64_t skipped(const config::DecisionRing& ring, const config::NotedDecision& noted, uint64_t from) {
  const uint64_t began = noted.next - ring.slots_of(noted.decision);
  return began - std::min(began, from);
}

}  // namespace

DecisionCursor newest(const config::CounterPage& page) {
  return cursor_at(page, [](const config::DecisionRing& ring) { return ring.next(); });
}

DecisionCursor oldest(const config::CounterPage& page) {
  return cursor_at(page, [](const config::DecisionRing& ring) { return ring.oldest(); });
}

DecisionBatch read_decisions(const config::CounterPage& page, const DecisionCursor& from, size_t most) {
  const bool is_same = from.dataplane_started_at == page.started_at && from.slots.size() == page.lcores;
  DecisionBatch batch;
  batch.next = is_same ? from : oldest(page);
  const size_t share = std::max<size_t>(1, most / std::max<size_t>(1, page.lcores));
  for (uint32_t i = 0; i < page.lcores; ++i) {
    const config::DecisionRing& ring = page.lcore[i].decisions;
    uint64_t& at = batch.next.slots[i];
    at = std::min(at, ring.next());  // a cursor is its sender's word
    size_t taken = 0;
    for (; taken < share; ++taken) {
      const auto noted = ring.read(at);
      if (!noted) break;
      batch.missed_slots += skipped(ring, *noted, at);
      at = noted->next;
      batch.decisions.push_back(*noted);
    }
    batch.more = batch.more || taken == share;
  }
  std::stable_sort(batch.decisions.begin(), batch.decisions.end(),
                   [](const auto& one, const auto& other) { return one.decision.at < other.decision.at; });
  return batch;
}

uint64_t visit_decisions(const config::CounterPage& page, DecisionCursor& cursor,
                         const std::function<void(const config::Decision&)>& visit) {
  uint64_t missed = 0;
  for (uint32_t i = 0; i < page.lcores; ++i) {
    const config::DecisionRing& ring = page.lcore[i].decisions;
    uint64_t& at = cursor.slots[i];
    const uint64_t end = ring.next();  // what comes meanwhile is left for the next time
    at = std::min(at, end);            // another dataplane of the same second counts from the beginning
    while (at < end) {
      const auto noted = ring.read(at);
      if (!noted) break;
      missed += skipped(ring, *noted, at);
      at = noted->next;
      visit(noted->decision);
    }
  }
  return missed;
}

uint64_t unix_ns(const config::CounterPage& page, const config::Decision& decision) {
  return decision.at + page.unix_offset_ns.get();
}

}  // namespace penstock::control
