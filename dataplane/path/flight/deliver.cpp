#include "dataplane/path/flight/deliver.h"

#include <algorithm>
#include <cstring>

#include "dataplane/path/answer/reply.h"
#include "dataplane/path/flight/note.h"
#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/limits/admit.h"

namespace penstock::path {
namespace {

using config::WaiterOutcome;
using state::DeliveryQueue;

constexpr unsigned kTurnOfFlight = 4;  // clients of one flight told, then it is the next one's turn

// Writes the answer, or as much of it as a client of `traits` takes, where a message begins in `frame`. Its length; 0: there is no
// room.
uint16_t write_copy(rte_mbuf& frame, const DeliveryQueue::Answer& answer, const dns::QueryTraits& traits,
                    uint32_t rotation) {
  const unsigned question_end = dns::kHeaderSize + traits.question_length;
  const std::span<uint8_t> room = fresh_room(frame);
  if (room.size() < question_end + dns::kAnswerTail) return 0;
  if (answer.length <= std::min<size_t>(DeliveryQueue::kLongest, room.size())) {
    std::memcpy(room.data(), answer.octets.data(), answer.length);
    dns::rotate_addresses(room.subspan(question_end, answer.length - question_end), answer.addresses, rotation);
    return static_cast<uint16_t>(dns::fit_answer(room, answer.length, traits));
  }
  std::memcpy(room.data(), answer.octets.data(), dns::kHeaderSize);
  return static_cast<uint16_t>(dns::truncate_answer(room, &answer.octets[dns::kHeaderSize], traits));
}

// What the guard's verdict depends on beside the answer itself.
uint64_t judged_by(const state::Lcore& lcore) {
  return lcore.rules == nullptr ? 0 : lcore.rules->header().private_identity;
}

WaiterOutcome lose(const Flight& flight, const state::Waiter& waiter) {
  note(flight, waiter, WaiterOutcome::lost, {});
  return WaiterOutcome::lost;
}

WaiterOutcome tell(const Flight& flight, const state::Delivery& delivery, const state::Waiter& waiter,
                   rte_mbuf& frame) {
  state::Lcore& lcore = flight.lcore;
  const state::PendingQuery& query = flight.query;
  dns::QueryTraits traits = query.traits_as(waiter.asker.form, waiter.udp_size);
  traits.has_cookie = waiter.has_cookie;
  traits.cookie = waiter.cookie;
  // Rules about private zones that came meanwhile might not let it pass.
  const bool is_void = delivery.answer != DeliveryQueue::kNoAnswer &&
                       lcore.flights.deliveries.answer(delivery.answer).judged_by != judged_by(lcore);
  uint16_t length =
      delivery.answer == DeliveryQueue::kNoAnswer || is_void
          ? write_servfail(frame, query, traits, is_void ? dns::ExtendedError::other : delivery.error)
          : write_copy(frame, lcore.flights.deliveries.answer(delivery.answer), traits, lcore.memory.rotation++);
  const std::span<uint8_t> room = fresh_room(frame);
  uint8_t* message = room.data();
  if (length != 0) {
    length = static_cast<uint16_t>(dns::add_client_options(room, length, traits, lcore.host.identity.text()));
    dns::store16(message, waiter.asker.id);
    dns::spell(message + dns::kHeaderSize, query.key.name_length, waiter.asker.spelling);
  }
  if (length == 0 || !write_udp_frame(frame, message, length, headers_to(lcore, waiter))) {
    discard(lcore, frame);
    return lose(flight, waiter);
  }
  const auto rcode = static_cast<dns::Rcode>(dns::flags_of(message) & dns::kRcodeMask);
  const WaiterOutcome outcome =
      rcode == dns::Rcode::servfail ? WaiterOutcome::answered_servfail : WaiterOutcome::answered;
  note(flight, waiter, outcome, {message, length});
  transmit(lcore, waiter.port, frame);
  return outcome;
}

// Do the addresses of its answer come in another order for each client?
bool takes_turns(const state::Lcore& lcore, const state::PendingQuery& query) {
  if (lcore.rules == nullptr) return false;
  const config::ImageRule* rule = lcore.rules->kept_rule(query.key.generation, query.key.rule);
  return rule != nullptr && (lcore.rules->pool(rule->pool).cache & config::kCacheRotate) != 0;
}

}  // namespace

void finish(const Flight& flight, std::span<const uint8_t> answer, dns::ExtendedError error) {
  state::Lcore& lcore = flight.lcore;
  end_chase(flight);
  for (unsigned i = 0; i < flight.slot.sends; ++i) settle_send(flight, i);
  lcore.flights.by_question.erase(flight.slot.hash, flight.index);
  release_slot(lcore, flight.index);
  if (flight.slot.waiters == 0) {
    lcore.flights.pending.close(flight.index);
    return;
  }
  uint16_t kept = DeliveryQueue::kNoAnswer;
  if (!answer.empty())
    kept = lcore.flights.deliveries.keep(
        answer,
        takes_turns(lcore, flight.query) ? dns::find_addresses(answer, flight.slot.question_length) : dns::KeptAnswer{},
        judged_by(lcore));
  lcore.flights.pending.land(flight.index);
  lcore.flights.deliveries.push({.flight = flight.index, .answer = kept, .error = error});
}

unsigned deliver(state::Lcore& lcore) {
  unsigned told = 0;
  unsigned of_flight = 0;
  while (told < state::kBurst && !lcore.flights.deliveries.empty()) {
    const state::Delivery& delivery = lcore.flights.deliveries.front();
    state::PendingSlot& slot = lcore.flights.pending.slot(delivery.flight);
    rte_mbuf* frame = lcore.frames.fresh.pop();
    if (frame == nullptr && lcore.now < lcore.flights.waiters.first(slot).asked_at + lcore.query_timeout_ns) break;
    const state::Waiter& waiter = lcore.flights.waiters.leave(slot);
    if (waiter.is_counted)
      release(lcore, {waiter.asker.address, waiter.asker.family, state::key_of(waiter.proof, waiter.mac)},
              state::Thing::waiters);
    const Flight flight(lcore, delivery.flight);
    lcore.counters.waiter[frame == nullptr ? lose(flight, waiter) : tell(flight, delivery, waiter, *frame)].add(1);
    ++told;
    if (slot.waiters == 0) {
      lcore.flights.pending.close(delivery.flight);
      lcore.flights.deliveries.pop();
      of_flight = 0;
    } else if (++of_flight == kTurnOfFlight) {
      // Else the flights behind one with thousands of clients keep answers that others would need a place for.
      lcore.flights.deliveries.let_next();
      of_flight = 0;
    }
  }
  return told;
}

}  // namespace penstock::path
