#include "dataplane/path/response/sweep.h"

#include <algorithm>
#include <cstring>

#include "dataplane/path/answer/reply.h"
#include "dataplane/path/flight/deliver.h"
#include "dataplane/path/flight/note.h"
#include "dataplane/path/flight/retry.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/memory/recall.h"
#include "dataplane/path/memory/remember.h"

namespace penstock::path {
namespace {

using config::RetryOutcome;
using config::SweepOutcome;

// What lacked a budget or a buffer when it was overdue may have one before its client's patience ends.
constexpr uint64_t kPutOffNs = 100'000'000;

bool is_put_off(RetryOutcome outcome) {
  return outcome == RetryOutcome::over_budget || outcome == RetryOutcome::over_rate_budget ||
         outcome == RetryOutcome::no_frame;
}

constexpr dns::ExtendedError kNobodyAnswered = dns::ExtendedError::no_reachable_authority;

// There was an answer, too long for UDP, and TCP has brought nothing: those who ask over UDP may have it over TCP themselves. Empty: that
// is not so. Valid as recall_for()'s.
std::span<const uint8_t> truncated_for(const Flight& flight) {
  if (flight.slot.over_tcp == 0 || flight.came_by_stream()) return {};
  const std::span<uint8_t> message(flight.lcore.memory.message);
  dns::QueryTraits traits = flight.query.traits;
  dns::store16(message.data(), 0);
  std::memcpy(&message[dns::kHeaderSize], flight.query.question(), traits.question_length);
  traits.has_opt = true;
  dns::write_answer(message, traits, dns::Rcode::noerror, dns::ExtendedError::none);
  return message.first(dns::truncate_answer(message, flight.query.question(), traits));
}

SweepOutcome leave_unanswered(const Flight& flight) {
  note(flight, SweepOutcome::expired_unanswered, {});
  return SweepOutcome::expired_unanswered;
}

// `message`: what those who wait are told, empty: SERVFAIL.
SweepOutcome answer(const Flight& flight, std::span<const uint8_t> message, bool is_stale) {
  if (flight.slot.background) return SweepOutcome::expired_refresh;
  state::Lcore& lcore = flight.lcore;
  rte_mbuf* frame = lcore.frames.fresh.pop();
  if (frame == nullptr) return leave_unanswered(flight);
  const std::span<uint8_t> room = fresh_room(*frame);
  const dns::QueryTraits traits = flight.query.traits_of_first();
  const bool fits = !message.empty() && room.size() >= message.size() + dns::kAnswerTail;
  if (fits) std::memcpy(room.data(), message.data(), message.size());
  unsigned length = fits ? dns::fit_answer(room, static_cast<unsigned>(message.size()), traits)
                         : write_servfail(*frame, flight.query, traits, kNobodyAnswered);
  if (length != 0) {
    length = dns::add_client_options(room, length, traits, lcore.host.identity.text());
    dns::store16(room.data(), flight.slot.client_id);
  }
  if (length == 0 ||
      !write_udp_frame(*frame, room.data(), static_cast<uint16_t>(length), headers_to(lcore, flight.slot))) {
    discard(lcore, *frame);
    return leave_unanswered(flight);
  }
  const SweepOutcome outcome = fits && is_stale ? SweepOutcome::expired_stale : SweepOutcome::expired;
  note(flight, outcome, room.first(length));
  transmit(lcore, flight.slot.port, *frame);
  return outcome;
}

// Overdue at its endpoint, and its client still waits.
void try_again(const Flight& flight) {
  state::Lcore& lcore = flight.lcore;
  const uint64_t end = flight.end_of_patience();
  if (flight.slot.sends == state::kMaxSends) {
    lcore.flights.pending.schedule(flight.index, end);  // a reload has made the patience longer
    return;
  }
  const RetryOutcome outcome = retry(flight);
  lcore.counters.retry[outcome].add(1);
  if (outcome != RetryOutcome::sent)
    lcore.flights.pending.schedule(flight.index, is_put_off(outcome) ? std::min(end, lcore.now + kPutOffNs) : end);
}

void expire(const Flight& flight) {
  count_timeout(flight.lcore, flight.last_send());
  // That nobody answers over TCP, or one server not a message for it alone, says nothing of those who ask over UDP.
  if (flight.slot.over_tcp == 0 && !flight.slot.opaque) remember_silence(flight);
  give_up(flight);
}

}  // namespace

void give_up(const Flight& flight) {
  const std::span<const uint8_t> stale = recall_for(flight);
  const std::span<const uint8_t> told = !stale.empty() ? stale : truncated_for(flight);
  flight.lcore.counters.sweep[answer(flight, told, !stale.empty())].add(1);
  finish(flight, told, kNobodyAnswered);
}

unsigned sweep(state::Lcore& lcore) {
  unsigned due = 0;
  for (; due < state::kBurst; ++due) {
    const uint32_t index = lcore.flights.pending.next_due(lcore.now);
    if (index == state::PendingTable::kNone) break;
    const Flight flight(lcore, index);
    if (lcore.now < flight.end_of_patience())
      try_again(flight);
    else
      expire(flight);
  }
  return due;
}

}  // namespace penstock::path
