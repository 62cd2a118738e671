#include "dataplane/housekeeping/endpoint_meter.h"

#include <algorithm>

namespace penstock {

void EndpointMeter::tick(const tables::Ruleset* rules, config::CounterPage& page, state::RateBudgets& budgets,
                         uint64_t now) {
  if (now < due_) return;
  due_ = now + kPeriodNs;
  // A slot that left the rules still gets late retries; it is read until it has been quiet for all periods.
  if (rules != nullptr)
    for (const config::ImageEndpoint& endpoint : rules->endpoints()) (*slots_)[endpoint.slot].in_use = true;
  for (const config::EndpointSlot slot : config::kEndpointSlots)
    if ((*slots_)[slot].in_use) read(slot, page, budgets, now);
}

void EndpointMeter::read(config::EndpointSlot number, config::CounterPage& page, state::RateBudgets& budgets,
                         uint64_t now) {
  uint64_t queries = 0;
  for (uint32_t lcore = 0; lcore < page.lcores; ++lcore) queries += page.lcore[lcore].endpoints[number].queries.get();
  Slot& slot = (*slots_)[number];
  // The oldest reading there is; a second old but for the first ones.
  Reading oldest = slot.readings[slot.next];
  if (oldest.at == 0) oldest = slot.readings[0];
  slot.readings[slot.next] = {now, queries};
  slot.next = (slot.next + 1) % kPeriods;
  uint64_t rate = 0;
  if (oldest.at != 0 && now > oldest.at) rate = (queries - oldest.queries) * 1'000'000'000 / (now - oldest.at);
  page.endpoint_rate[number].set(rate);
  budgets.set_rate(number, static_cast<uint32_t>(std::min<uint64_t>(rate, 0xffffffff)));
  slot.in_use = rate != 0;  // the rules of the next tick say so again
}

}  // namespace penstock
