// tests/control/queries/samples.h - decisions and pages to read them from.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <memory>
#include <new>
#include <string>

#include "config/contract/address.h"
#include "config/contract/counters.h"
#include "config/contract/name.h"

namespace penstock::control::test {

// Answered with `rcode` from memory, over UDP, to `client`.
inline config::NotedDecision noted(const std::string& name, const std::string& client, uint8_t rcode = 0) {
  config::NotedDecision made{};
  const config::IpAddress address = *config::parse_address(client);
  made.decision.client = address.bytes;
  if (address.family == 6) made.decision.traits = config::kDecisionIpv6;
  made.decision.rcode = rcode;
  made.decision.type = 1;
  made.decision.query_class = 1;
  made.decision.outcome = static_cast<uint8_t>(config::QueryOutcome::answered_cached);
  if (!name.empty()) {
    const std::string wire = *config::parse_name(name);
    std::copy(wire.begin(), wire.end(), made.name.begin());
    made.decision.name_length = static_cast<uint8_t>(wire.size());
  }
  return made;
}

struct CounterPageDeleter {
  void operator()(config::CounterPage* page) const { munmap(page, config::counter_page_size(page->lcores)); }
};
using OwnedCounterPage = std::unique_ptr<config::CounterPage, CounterPageDeleter>;

// Zero, and present where it is touched only.
inline OwnedCounterPage new_page(uint32_t lcores) {
  void* memory =
      mmap(nullptr, config::counter_page_size(lcores), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  auto* page = static_cast<config::CounterPage*>(memory);
  page->lcores = lcores;
  page->started_at = 1000;
  return OwnedCounterPage(page);
}

inline void put(config::CounterPage& page, uint32_t lcore, uint64_t at, config::NotedDecision made) {
  made.decision.at = at;
  config::DecisionRing& ring = page.lcore[lcore].decisions;
  config::Decision& decision = ring.begin();
  decision = made.decision;
  ring.put(decision, made.name.data());
  ring.publish();
}

}  // namespace penstock::control::test
