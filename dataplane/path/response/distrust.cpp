#include "dataplane/path/response/distrust.h"

#include <algorithm>

#include "dataplane/path/flight/retry.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/tell.h"

namespace penstock::path {
namespace {

using config::kNoEndpointSlot;
using config::ResponseOutcome;

constexpr unsigned kMostOdd = 3;

// What a report is limited by. Slots of endpoints and rules have the same numbers: each has half of the places (state/report_limit.h).
constexpr uint32_t kHalf = 32;
uint32_t place_of(config::EndpointSlot slot) {
  return slot.value() % kHalf;
}
uint32_t place_of(config::RuleIndex rule) {
  return kHalf + rule.value() % kHalf;
}

// The slot of the endpoint in whose name the response came.
config::EndpointSlot slot_of(state::Lcore& lcore, const Packet& packet) {
  if (lcore.rules == nullptr || !lcore.endpoints.filter.may_hold_now(packet.source)) return kNoEndpointSlot;
  const config::ImageEndpoints endpoints = lcore.rules->endpoints();
  const auto is_it = [&](config::EndpointIndex at) {
    return lcore.endpoints.hops[at].family == packet.family && lcore.endpoints.hops[at].address == packet.source;
  };
  config::EndpointIndex at = lcore.endpoints.odd_responses.recent;
  if (!endpoints.has(at) || !is_it(at)) {
    at = config::EndpointIndex{0};
    while (endpoints.has(at) && !is_it(at)) ++at;
  }
  if (!endpoints.has(at)) return kNoEndpointSlot;
  lcore.endpoints.odd_responses.recent = at;
  return lcore.endpoints.hops[at].slot;
}

void report(state::Lcore& lcore, const Packet& packet, config::EndpointSlot slot, const state::PendingQuery* query) {
  const config::RuleIndex number = query == nullptr ? config::kNoRule : query->key.rule;
  if (!lcore.reports.may_report(config::EventKind::forged, query == nullptr ? place_of(slot) : place_of(number),
                                lcore.now))
    return;
  config::Event event;
  event.kind = config::EventKind::forged;
  event.family = packet.family;
  event.endpoint_slot = slot;
  event.rule = number.value();
  event.address = packet.source;
  event.blocked = 1;
  dns::FoldedName name;
  name.length = 0;
  if (query != nullptr && dns::parse_name({query->question(), query->traits.question_length}, name))
    event.type = dns::load16(query->question() + name.length);
  tell(lcore, event, name);
}

// The last send that still owes its answer; slot.sends: none does.
unsigned owing(const Flight& flight) {
  for (unsigned number = flight.slot.sends; number-- > 0;)
    if (!flight.query.send(number).answered) return number;
  return flight.slot.sends;
}

// UDP is over for the flight. False: it cannot be asked over TCP.
bool go_to_tcp(const Flight& flight, rte_mbuf& frame) {
  const unsigned number = owing(flight);
  if (flight.slot.over_tcp != 0 || number == flight.slot.sends || !ask_over_tcp(flight, number, true, frame))
    return false;
  for (unsigned i = 0; i < flight.slot.sends; ++i)
    if (i != number) settle_send(flight, i);
  flight.lcore.counters.retry[config::RetryOutcome::over_tcp].add(1);
  return true;
}

}  // namespace

ResponseOutcome distrust(state::Lcore& lcore, const Packet& packet, ResponseOutcome verdict, const Flight* flight) {
  const auto drop = [&] {
    discard(lcore, *packet.frame);
    return verdict;
  };
  if (lcore.host.is_stream(packet.port)) return drop();  // nobody can send in another's name over TCP
  const config::EndpointSlot from = slot_of(lcore, packet);
  if (from != kNoEndpointSlot) {
    config::EndpointCounters& endpoint = lcore.counters.endpoints[from];
    endpoint.odd_responses.add(1);
    if (lcore.endpoints.odd_responses.count(from, endpoint.queries.get(), lcore.now))
      report(lcore, packet, from, nullptr);
  }
  if (flight == nullptr || verdict == ResponseOutcome::wrong_endpoint) return drop();

  state::PendingSlot& slot = flight->slot;
  if (slot.odd < kMostOdd) slot.odd = static_cast<uint8_t>((slot.odd + 1) & 3);
  const bool is_enough = slot.odd == kMostOdd || verdict == ResponseOutcome::wrong_case ||
                         (from != kNoEndpointSlot && lcore.endpoints.odd_responses.is_suspect(from, lcore.now));
  if (!is_enough || !go_to_tcp(*flight, *packet.frame)) return drop();
  report(lcore, packet, from, &flight->query);
  return verdict;
}

}  // namespace penstock::path
