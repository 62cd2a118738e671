#include "dataplane/path/flight/note.h"

#include <algorithm>
#include <bit>

#include "dataplane/path/answer/end.h"

namespace penstock::path {

// The ring copies in whole slots.
static_assert(sizeof(dns::FoldedName) >= config::DecisionRing::kNameReadable);
static_assert(state::PendingQuery::kLongestMessage >= dns::kHeaderSize + config::DecisionRing::kNameReadable);

namespace {

using config::DecidedBy;
using config::Decision;
using config::QueryOutcome;

uint8_t traits_of(const dns::QueryTraits& traits, bool has_opt) {
  unsigned bits = 0;
  if ((traits.flags & dns::kFlagRecursionDesired) != 0) bits |= config::kDecisionRecursionDesired;
  if ((traits.flags & dns::kFlagCheckingDisabled) != 0) bits |= config::kDecisionCheckingDisabled;
  if (traits.dnssec_ok) bits |= config::kDecisionDnssecOk;
  if (has_opt) bits |= config::kDecisionOpt;
  return static_cast<uint8_t>(bits);
}

void add_client(Decision& decision, const state::AddressBytes& address, uint8_t family, bool over_tcp) {
  decision.client = address;
  unsigned bits = decision.traits;
  if (family == 6) bits |= config::kDecisionIpv6;
  if (over_tcp) bits |= config::kDecisionTcp;
  decision.traits = static_cast<uint8_t>(bits);
}

void add_answer(Decision& decision, const state::Said& said) {
  decision.rcode = said.rcode;
  decision.size = said.size;
  decision.extended_error = said.extended_error;
  if (said.is_truncated) decision.traits |= config::kDecisionTruncated;
}

uint16_t narrow(config::RuleIndex rule) {
  return static_cast<uint16_t>(std::min<uint32_t>(rule.value(), config::kNoDecisionRule));
}

config::CountedType counted_type(uint16_t type) {
  switch (type) {
#define PENSTOCK_COUNT_TYPE(name, number) \
  case number:                            \
    return config::CountedType::name;
    PENSTOCK_COUNTED_TYPES(PENSTOCK_COUNT_TYPE)
#undef PENSTOCK_COUNT_TYPE
    default:
      break;
  }
  return config::CountedType::other;
}

config::AnsweredBy answered_by(const Decision& decision) {
  using config::AnsweredBy;
  switch (decision.by) {
    case DecidedBy::query: {
      const auto outcome = static_cast<QueryOutcome>(decision.outcome);
      if (outcome == QueryOutcome::answered_stale) return AnsweredBy::stale;
      const bool is_cached = outcome == QueryOutcome::answered_cached || outcome == QueryOutcome::answered_failure;
      return is_cached ? AnsweredBy::cache : AnsweredBy::ours;
    }
    case DecidedBy::response: {
      const auto outcome = static_cast<config::ResponseOutcome>(decision.outcome);
      if (outcome == config::ResponseOutcome::replaced_stale) return AnsweredBy::stale;
      return outcome == config::ResponseOutcome::blocked ? AnsweredBy::ours : AnsweredBy::endpoint;
    }
    case DecidedBy::sweep:
      return static_cast<config::SweepOutcome>(decision.outcome) == config::SweepOutcome::expired_stale
                 ? AnsweredBy::stale
                 : AnsweredBy::ours;
    case DecidedBy::waiter:
      break;
  }
  return static_cast<config::WaiterOutcome>(decision.outcome) == config::WaiterOutcome::answered ? AnsweredBy::endpoint
                                                                                                 : AnsweredBy::ours;
}

void put(state::Lcore& lcore, const Decision& decision, const uint8_t* name) {
  config::LcoreCounters& counters = lcore.counters;
  counters.decisions.put(decision, name);
  if (decision.name_length != 0) {
    const unsigned transport = (decision.traits & config::kDecisionTcp) != 0 ? 1 : 0;
    counters.types[transport][static_cast<size_t>(counted_type(decision.type))].add(1);
  }
  if (decision.rcode == config::kNotAnswered) return;
  const config::AnsweredBy by = answered_by(decision);
  const bool is_endpoints = by == config::AnsweredBy::endpoint && counters.endpoints.has(decision.endpoint_slot);
  config::ClientLatency& latency = is_endpoints ? counters.endpoints[decision.endpoint_slot].client_latency
                                                : counters.client_latency[static_cast<size_t>(by)];
  // Bucket b holds waits below 2^b microseconds.
  const auto bucket = static_cast<size_t>(std::bit_width(decision.took_us));
  latency.buckets[std::min(bucket, config::kLatencyBuckets - 1)].add(1);
  latency.us.add(decision.took_us);
}

Decision& of_flight(const Flight& flight, DecidedBy by, uint64_t asked_at) {
  const state::QuestionKey& key = flight.query.key;
  Decision& decision = flight.lcore.counters.decisions.begin();
  decision.at = flight.lcore.now;
  decision.took_us = static_cast<uint32_t>((flight.lcore.now - asked_at) / 1000);
  decision.generation = static_cast<uint32_t>(key.generation);
  decision.type = key.type;
  decision.query_class = key.query_class;
  decision.rule = narrow(key.rule);
  decision.sends = flight.slot.sends;
  decision.by = by;
  decision.name_length = static_cast<uint8_t>(flight.slot.question_length - 4);
  return decision;
}

Decision& of_first(const Flight& flight, DecidedBy by, std::span<const uint8_t> answer) {
  Decision& decision = of_flight(flight, by, flight.slot.asked_at);
  decision.client_port = flight.slot.client_port;
  decision.id = flight.slot.client_id;
  decision.traits = traits_of(flight.query.traits, (flight.query.form & state::kWantsOpt) != 0);
  add_client(decision, flight.slot.client, flight.slot.client_family, flight.came_by_stream());
  add_answer(decision, state::said_in(answer));
  return decision;
}

}  // namespace

void note(state::Lcore& lcore, const QueryWork& work, QueryOutcome outcome) {
  if (outcome == QueryOutcome::forwarded || outcome == QueryOutcome::joined) return;
  Decision& decision = lcore.counters.decisions.begin();
  decision.at = lcore.now;
  decision.client_port = work.packet.source_port;
  decision.outcome = static_cast<uint8_t>(outcome);
  if (lcore.rules != nullptr) decision.generation = static_cast<uint32_t>(lcore.rules->header().generation);
  decision.id = work.id;
  if (work.has_question()) {
    decision.type = work.type;
    decision.query_class = work.query_class;
    decision.rule = narrow(work.rule);
    decision.traits = traits_of(work.query.traits, work.query.traits.has_opt);
    decision.name_length = work.query.name.length;
  }
  add_client(decision, work.packet.source, work.packet.family, came_over_tcp(lcore, work.packet));
  add_answer(decision, lcore.said);
  put(lcore, decision, work.query.name.bytes);
}

void note(const Flight& flight, config::ResponseOutcome outcome, config::EndpointSlot endpoint_slot,
          std::span<const uint8_t> answer) {
  Decision& decision = of_first(flight, DecidedBy::response, answer);
  decision.outcome = static_cast<uint8_t>(outcome);
  decision.endpoint_slot = endpoint_slot;
  put(flight.lcore, decision, flight.query.question());
}

void note(const Flight& flight, config::SweepOutcome outcome, std::span<const uint8_t> answer) {
  Decision& decision = of_first(flight, DecidedBy::sweep, answer);
  decision.outcome = static_cast<uint8_t>(outcome);
  decision.endpoint_slot = flight.last_send().endpoint_slot;
  put(flight.lcore, decision, flight.query.question());
}

void note(const Flight& flight, const state::Waiter& waiter, config::WaiterOutcome outcome,
          std::span<const uint8_t> answer) {
  Decision& decision = of_flight(flight, DecidedBy::waiter, waiter.asked_at);
  decision.outcome = static_cast<uint8_t>(outcome);
  decision.client_port = waiter.asker.port;
  decision.id = waiter.asker.id;
  if (flight.slot.sends != 0) decision.endpoint_slot = flight.last_send().endpoint_slot;
  decision.traits = traits_of(flight.query.traits, (waiter.asker.form & state::kWantsOpt) != 0);
  add_client(decision, waiter.asker.address, waiter.asker.family, flight.lcore.host.is_stream(waiter.port));
  add_answer(decision, state::said_in(answer));
  put(flight.lcore, decision, flight.query.question());
}

}  // namespace penstock::path
