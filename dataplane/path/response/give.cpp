#include "dataplane/path/response/give.h"

#include <algorithm>
#include <cstring>

#include "dataplane/path/answer/reply.h"
#include "dataplane/path/flight/deliver.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/note.h"
#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/guard/guard.h"
#include "dataplane/path/limits/limit.h"
#include "dataplane/path/memory/recall.h"
#include "dataplane/path/memory/remember.h"
#include "dataplane/path/response/settle.h"

namespace penstock::path {
namespace {

using config::ResponseOutcome;

// The message in `answer` becomes one of ours, for all of the flight's clients: with an OPT, if anybody may want it, which is left out again
// for those who do not (dns::fit_answer). False: the endpoint's OPT cannot be taken out.
bool make_ours(const Received& received, Packet& answer) {
  const Flight& flight = received.flight;
  if (!flight.slot.opaque)
    flight.query.traits.has_opt = (flight.query.form & state::kWantsOpt) != 0 || flight.slot.waiters != 0 ||
                                  received.opt.has_options() || received.opt.extended_rcode != 0;
  if (received.opt_is != dns::OptSearch::unreadable) {
    answer.dns_length = static_cast<uint16_t>(received.end);
    if (!to_client(flight, answer, received.opt)) return false;
  }
  if (!flight.slot.opaque)
    dns::store16(answer.dns + 2, dns::answer_flags(flight.query.traits.flags, dns::flags_of(answer.dns)));
  return true;
}

// The clients get what is remembered, though expired, instead of the failure in `answer`, if there is something.
bool replace_by_stale(const Flight& flight, Packet& answer) {
  const std::span<const uint8_t> stale = recall_for(flight);
  const std::span<uint8_t> room = room_of(answer);
  if (stale.empty() || stale.size() > room.size()) return false;
  std::memcpy(room.data(), stale.data(), stale.size());
  answer.dns_length = static_cast<uint16_t>(stale.size());
  return true;
}

// What passed the guard is remembered. Says what the clients get.
ResponseOutcome keep(const Flight& flight, Packet& answer, bool is_clean) {
  remember(flight, {answer.dns, answer.dns_length}, is_clean);
  const auto rcode = static_cast<dns::Rcode>(dns::flags_of(answer.dns) & dns::kRcodeMask);
  return is_clean && !dns::is_answer(rcode) && replace_by_stale(flight, answer) ? ResponseOutcome::replaced_stale
                                                                                : ResponseOutcome::returned;
}

// What came over TCP, for a client over UDP: into a frame that a card may have, and no longer than the client takes. False: there is no
// such frame, or it has no room.
bool copy_for_card(state::Lcore& lcore, const dns::QueryTraits& traits, Packet& answer) {
  rte_mbuf* frame = lcore.frames.fresh.pop();
  if (frame == nullptr) return false;
  const std::span<uint8_t> room = fresh_room(*frame);
  const unsigned shortest = dns::kHeaderSize + traits.question_length;
  const size_t most = std::min<size_t>({traits.udp_size, kLongestForCard, room.size()});
  if (answer.dns_length <= most) {
    std::memcpy(room.data(), answer.dns, answer.dns_length);
  } else if (room.size() >= shortest + dns::kAnswerTail) {
    std::memcpy(room.data(), answer.dns, dns::kHeaderSize);
    answer.dns_length = static_cast<uint16_t>(dns::truncate_answer(room, &answer.dns[dns::kHeaderSize], traits));
  } else {
    lcore.frames.fresh.push(frame);
    return false;
  }
  answer.dns = room.data();
  answer.frame = frame;
  return true;
}

// The answer becomes the first client's own. The others get it as it is now: a copy of it is kept, where there are any.
std::span<const uint8_t> fit(const Flight& flight, const dns::QueryTraits& traits, Packet& answer) {
  std::span<const uint8_t> whole(answer.dns, answer.dns_length);
  if (flight.slot.opaque) return whole;
  if (flight.slot.waiters != 0) {
    auto& copy = flight.lcore.memory.message;
    whole = whole.first(std::min(whole.size(), copy.size()));
    std::memcpy(copy.data(), whole.data(), whole.size());
    whole = {copy.data(), whole.size()};
  }
  answer.dns_length = static_cast<uint16_t>(dns::fit_answer(room_of(answer), answer.dns_length, traits));
  return whole;
}

// The first client gets the answer, which says what it is to the others as well. False: it has not left.
bool send_to_clients(const Received& received, ResponseOutcome outcome, Packet& answer) {
  const Flight& flight = received.flight;
  state::Lcore& lcore = flight.lcore;
  const bool to_card = lcore.host.is_stream(received.packet.port) && !flight.came_by_stream();
  const dns::QueryTraits traits = flight.query.traits_of_first();
  const std::span<const uint8_t> whole = fit(flight, traits, answer);
  if (to_card && !copy_for_card(lcore, traits, answer)) return false;
  if (!flight.slot.opaque)
    answer.dns_length = static_cast<uint16_t>(
        dns::add_client_options(room_of(answer), answer.dns_length, traits, lcore.host.identity.text()));
  dns::store16(answer.dns, flight.slot.client_id);
  if (!write_udp_frame(*answer.frame, answer.dns, answer.dns_length, headers_to(lcore, flight.slot))) {
    if (to_card) discard(lcore, *answer.frame);
    return false;
  }
  lcore.counters.rcodes[dns::flags_of(answer.dns) & dns::kRcodeMask].add(1);
  const uint8_t port = flight.slot.port;
  note(flight, outcome, received.answered().endpoint_slot, {answer.dns, answer.dns_length});
  finish(flight, whole, dns::ExtendedError::other);
  transmit(lcore, port, *answer.frame);
  if (to_card) discard(lcore, *received.packet.frame);
  return true;
}

}  // namespace

ResponseOutcome give(const Received& received) {
  const Flight& flight = received.flight;
  state::Lcore& lcore = flight.lcore;
  const auto reject = [&](ResponseOutcome outcome) {
    discard(lcore, *received.packet.frame);
    return outcome;
  };
  Packet answer = received.packet;
  if (!make_ours(received, answer)) return pass_over(received);
  const Judgement judgement = guard(flight, received.answered().endpoint_slot, answer);
  if (judgement.verdict == Verdict::no_room) return reject(ResponseOutcome::no_room);
  if (judgement.verdict == Verdict::chased) return ResponseOutcome::chased;
  const ResponseOutcome outcome =
      judgement.verdict == Verdict::passed ? keep(flight, answer, judgement.is_clean) : ResponseOutcome::blocked;
  if (flight.slot.background) {
    finish(flight, {answer.dns, answer.dns_length}, dns::ExtendedError::other);
    return reject(outcome == ResponseOutcome::blocked ? outcome : ResponseOutcome::refreshed);
  }
  if (flight.slot.counts_as_negative != 0) give_negative_back(lcore, flight.slot, flight.query.key, answer.dns);
  return send_to_clients(received, outcome, answer) ? outcome : reject(ResponseOutcome::no_room);
}

}  // namespace penstock::path
