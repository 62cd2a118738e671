#include "dataplane/path/response/response.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "dataplane/dns/records.h"
#include "dataplane/dns/spelling.h"
#include "dataplane/path/answer/reply.h"
#include "dataplane/path/flight/deliver.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/retry.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/guard/chase.h"
#include "dataplane/path/guard/guard.h"
#include "dataplane/path/limits/limit.h"
#include "dataplane/path/memory/recall.h"
#include "dataplane/path/memory/remember.h"
#include "dataplane/path/response/distrust.h"
#include "dataplane/path/response/loss.h"

namespace penstock::path {
namespace {

using config::ResponseOutcome;

constexpr unsigned kLongestForCard = 1444;  // an IPv6 packet with two VLAN tags in 1500 octets
// An error that a server gives who does not know our OPT (RFC 6891 section 7).
bool may_be_about_opt(const Packet& packet, const state::PendingSend& answered) {
  const auto rcode = static_cast<dns::Rcode>(dns::flags_of(packet.dns) & dns::kRcodeMask);
  return (answered.form & state::kSentOpt) != 0 && (rcode == dns::Rcode::formerr || rcode == dns::Rcode::notimp);
}

// Owners that the server wrote out, where others point at the question, are in the letters that we drew, or in its own.
void spell_owners(const Packet& packet, const uint8_t* question, unsigned question_length) {
  const std::span<uint8_t> message(packet.dns, packet.dns_length);
  const unsigned name_length = question_length - 4U;
  dns::Records records(message, dns::kHeaderSize + question_length);
  for (dns::Record record; records.next(record);)
    if (size_t{record.owner} + name_length <= message.size() &&
        dns::is_same_name(&message[record.owner], question, name_length))
      std::memcpy(&message[record.owner], question, name_length);
}

// Which of the open query's sends the response answers; `returned` when there is one.
ResponseOutcome validate(const Packet& packet, bool over_tcp, const state::PendingSlot& slot,
                         state::PendingQuery& query, const Asked& asked, state::PendingSend*& answered) {
  ResponseOutcome verdict = ResponseOutcome::wrong_endpoint;
  for (unsigned i = 0; i < slot.sends; ++i) {
    state::PendingSend& send = query.send(i);
    if (packet.family != send.family || packet.source != send.endpoint || packet.destination != send.source) continue;
    verdict = ResponseOutcome::wrong_port;
    if (packet.destination_port != send.source_port || over_tcp != send.over_tcp) continue;
    answered = &send;
    break;
  }
  if (answered == nullptr) return verdict;
  if (dns::qdcount_of(packet.dns) != 1) {
    // RFC 2136 section 3.8: the answer to an UPDATE may leave its sections out. A server that fails may give no more than a header. What is
    // passed on as it came has either its question or nothing that the guard would have to look at.
    const bool is_header = packet.dns_length == dns::kHeaderSize;
    if (dns::qdcount_of(packet.dns) != 0 || packet.is_fragment || (slot.opaque && !is_header))
      return ResponseOutcome::wrong_question;
  } else {
    if (packet.dns_length < dns::kHeaderSize + asked.question_length) return ResponseOutcome::wrong_question;
    uint8_t* question = packet.dns + dns::kHeaderSize;
    const unsigned name_length = asked.question_length - 4U;
    // In the spelling that the client gave it: what is sent back to it, and what was asked.
    bool in_other_letters = (answered->form & state::kSentRandomCase) != 0;
    if (in_other_letters) dns::flip_case(question, name_length, query.case_bits);
    if (std::memcmp(question, asked.question(), asked.question_length) != 0) {
      if (std::memcmp(question + name_length, asked.question() + name_length, 4) != 0 ||
          !dns::is_same_name(question, asked.question(), name_length))
        return ResponseOutcome::wrong_question;
      // RFC 4343 section 3: the same name. Letters tell something only where they were drawn.
      if (in_other_letters) return ResponseOutcome::wrong_case;
      in_other_letters = !slot.opaque;  // a signature covers them
      if (in_other_letters) std::memcpy(question, asked.question(), name_length);
    }
    if (in_other_letters) spell_owners(packet, asked.question(), asked.question_length);
  }
  return answered->answered ? ResponseOutcome::unknown_id : ResponseOutcome::returned;
}

void count(state::Lcore& lcore, const state::PendingSend& answered, dns::Rcode rcode) {
  config::EndpointCounters& endpoint = lcore.counters.endpoints[answered.endpoint_slot];
  const uint64_t ns = lcore.now - answered.at;
  if (answered.over_tcp) {
    // Says nothing of how soon, or whether, it answers over UDP.
    endpoint.stream_responses.add(1);
    lcore.stream_silence.count_answer(answered.endpoint_slot);
    return;
  }
  endpoint.responses.add(1);
  endpoint.latency_ns.add(ns);
  // Bucket b holds what is below 2^b microseconds.
  const auto bucket = static_cast<size_t>(std::bit_width(ns / 1000));
  endpoint.latency[bucket < config::kLatencyBuckets ? bucket : config::kLatencyBuckets - 1].add(1);
  if (rcode == dns::Rcode::servfail) endpoint.servfails.add(1);
  if (rcode == dns::Rcode::refused) endpoint.refused.add(1);
}

// It answers what it is asked: no other is asked instead, and none sooner.
void note_answer(state::Lcore& lcore, const state::PendingSend& answered, dns::Rcode rcode) {
  note_heard(lcore, answered.endpoint_slot, rcode);
  if (answered.over_tcp) return;
  lcore.round_trips.learn(answered.endpoint_slot, lcore.now - answered.at);
  lcore.silence.count_answer(answered.endpoint_slot);
}

unsigned number_of(const state::PendingQuery& query, const state::PendingSend& send) {
  return &send == &query.first ? 0 : static_cast<unsigned>(&send - query.later.data()) + 1;
}

// What came over TCP, for a client over UDP: into a frame that a card may have, and no longer than the client takes.
rte_mbuf* copy_for_card(state::Lcore& lcore, const dns::QueryTraits& traits, Packet& answer) {
  rte_mbuf* frame = lcore.fresh.pop();
  if (frame == nullptr) return nullptr;
  const std::span<uint8_t> room(static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset,
                                frame->buf_len < kMessageOffset ? 0 : size_t{frame->buf_len} - kMessageOffset);
  const unsigned shortest = dns::kHeaderSize + traits.question_length;
  const size_t most = std::min<size_t>({traits.udp_size, kLongestForCard, room.size()});
  if (answer.dns_length <= most) {
    std::memcpy(room.data(), answer.dns, answer.dns_length);
  } else if (room.size() >= shortest + dns::kAnswerTail) {
    std::memcpy(room.data(), answer.dns, dns::kHeaderSize);
    answer.dns_length = static_cast<uint16_t>(dns::truncate_answer(room, &answer.dns[dns::kHeaderSize], traits));
  } else {
    lcore.fresh.push(frame);
    return nullptr;
  }
  answer.dns = room.data();
  answer.frame = frame;
  return frame;
}

bool is_failure(uint16_t flags) {
  return !dns::is_answer(static_cast<dns::Rcode>(flags & dns::kRcodeMask));
}

// The clients get what is remembered, though expired, instead of the failure in `answer`, if there is something.
bool replace_by_stale(state::Lcore& lcore, uint32_t index, Packet& answer) {
  const std::span<const uint8_t> stale = recall_for(lcore, index);
  const auto* buffer_end = static_cast<uint8_t*>(answer.frame->buf_addr) + answer.frame->buf_len;
  if (stale.empty() || stale.size() > static_cast<size_t>(buffer_end - answer.dns)) return false;
  std::memcpy(answer.dns, stale.data(), stale.size());
  answer.dns_length = static_cast<uint16_t>(stale.size());
  return true;
}

// The endpoint knows no OPT, or not this version: its answer is not the client's. Nothing: it is.
std::optional<ResponseOutcome> settle_edns(state::Lcore& lcore, uint32_t index, const Packet& packet,
                                           state::PendingSend& answered, const dns::Opt& opt) {
  const auto rcode = static_cast<dns::Rcode>(dns::flags_of(packet.dns) & dns::kRcodeMask);
  if ((answered.form & state::kSentAgain) != 0) {
    // That it was the OPT is known once it goes without. An option of the client's may be at fault as well.
    if (rcode != dns::Rcode::formerr && rcode != dns::Rcode::notimp &&
        asked_of(lcore, lcore.pending.slot(index), lcore.pending.query(index)).opt_length == dns::kOptSize &&
        lcore.no_edns.note_fails(answered.endpoint_slot, answered.endpoint, lcore.now))
      lcore.counters.endpoints[answered.endpoint_slot].without_edns.set(1);
    return std::nullopt;
  }
  const bool was_asked = (answered.form & state::kSentOpt) != 0;
  const bool bad_version = was_asked && opt.extended_rcode == 1 && rcode == dns::Rcode::noerror;
  if (was_asked && opt.begin != 0 && !bad_version) lcore.no_edns.note_works(answered.endpoint_slot, answered.endpoint);
  if (!bad_version && !may_be_about_opt(packet, answered)) return std::nullopt;
  if (ask_without_opt(lcore, index, answered, *packet.frame)) return ResponseOutcome::asked_without_edns;
  return std::nullopt;
}

// The answer becomes the first client's own. The others get it as it is now: a copy of it is kept, where there are any.
std::span<const uint8_t> fit(state::Lcore& lcore, const state::PendingSlot& slot, const dns::QueryTraits& traits,
                             Packet& answer) {
  std::span<const uint8_t> whole(answer.dns, answer.dns_length);
  if (slot.opaque) return whole;
  if (slot.waiters != 0) {
    whole = whole.first(std::min(whole.size(), lcore.stale_message.size()));
    std::memcpy(lcore.stale_message.data(), whole.data(), whole.size());
    whole = {lcore.stale_message.data(), whole.size()};
  }
  answer.dns_length = static_cast<uint16_t>(dns::fit_answer(room_of(answer), answer.dns_length, traits));
  return whole;
}

}  // namespace

void prepare_response(const state::Lcore& lcore, const Packet& packet) {
  if (packet.dns_length >= dns::kHeaderSize) lcore.pending.prefetch(dns::id_of(packet.dns));
}

void narrow_response(const state::Lcore& lcore, const Packet& packet) {
  if (packet.dns_length < dns::kHeaderSize) return;
  lcore.flights.prefetch(lcore.pending.slot(lcore.pending.index_of(dns::id_of(packet.dns))).hash);
}

ResponseOutcome handle_response(state::Lcore& lcore, const Packet& packet) {
  const auto reject = [&](ResponseOutcome outcome) {
    discard(lcore, *packet.frame);
    return outcome;
  };
  if (packet.dns_length < dns::kHeaderSize)
    return is_loss(lcore, packet) ? handle_loss(lcore, packet) : reject(ResponseOutcome::malformed);
  const uint16_t flags = dns::flags_of(packet.dns);
  if ((flags & dns::kFlagResponse) == 0) return reject(ResponseOutcome::malformed);

  const uint16_t id = dns::id_of(packet.dns);
  const uint32_t index = lcore.pending.index_of(id);
  const state::PendingSlot& slot = lcore.pending.slot(index);
  if (slot.open == 0 || slot.landed != 0 || slot.upstream_id != id)
    return distrust(lcore, packet, ResponseOutcome::unknown_id, state::PendingTable::kNone);
  state::PendingSend* answered = nullptr;
  state::PendingQuery& query = lcore.pending.query(index);
  if (((flags ^ query.traits.flags) & dns::kOpcodeMask) != 0) return reject(ResponseOutcome::malformed);
  const bool over_tcp = lcore.host.is_stream(packet.port);
  const ResponseOutcome verdict = validate(packet, over_tcp, slot, query, asked_of(lcore, slot, query), answered);
  if (verdict == ResponseOutcome::unknown_id) return reject(verdict);  // doubled
  if (verdict != ResponseOutcome::returned) return distrust(lcore, packet, verdict, index);
  const bool has_question = dns::qdcount_of(packet.dns) == 1;
  dns::Opt opt;
  dns::OptSearch opt_is = dns::OptSearch::unreadable;
  unsigned end = 0;
  if (has_question && !slot.opaque) {
    const unsigned begin = dns::kHeaderSize + asked_of(lcore, slot, query).question_length;
    opt_is = dns::find_opt({packet.dns, packet.dns_length}, begin, opt, end);
  }
  const auto rcode = static_cast<dns::Rcode>(flags & dns::kRcodeMask);
  count(lcore, *answered, rcode);
  const auto pass_over = [&] {
    if (give_up_send(lcore, index, *answered, true, *packet.frame)) return ResponseOutcome::unusable;
    return reject(ResponseOutcome::unusable);
  };
  const bool is_answer = slot.opaque || packet.is_fragment || (has_question && opt_is != dns::OptSearch::wrong);
  if (!is_answer && (has_question || !may_be_about_opt(packet, *answered))) return pass_over();
  note_answer(lcore, *answered, rcode);
  if (!packet.is_fragment)
    if (const auto outcome = settle_edns(lcore, index, packet, *answered, opt)) return *outcome;
  if (!is_answer) return pass_over();
  // RFC 2181 section 9: what was cut short is worth nothing. resolve_tc says whether we or the client ask again; one that asks over TCP
  // has done so.
  if (packet.is_fragment || ((flags & dns::kFlagTruncated) != 0 && !over_tcp && !slot.opaque)) {
    const bool must = packet.is_fragment || query.traits.udp_size == kStreamSize;
    if (ask_over_tcp(lcore, index, number_of(query, *answered), must, *packet.frame))
      return ResponseOutcome::asked_over_tcp;
    if (must) return reject(ResponseOutcome::dropped_fragment);
  }
  if (rcode == dns::Rcode::servfail || rcode == dns::Rcode::refused) {
    const ResponseOutcome outcome = try_others(lcore, index, *answered, rcode, *packet.frame);
    if (outcome == ResponseOutcome::tried_next) return outcome;
    if (outcome == ResponseOutcome::held_back) return reject(outcome);
  }

  // What goes to the clients is decided up to here: the message at `answer` is for all of them.
  Packet answer = packet;
  // With an OPT, if anybody may want it: it is left out again for who does not (dns::fit_answer).
  if (!slot.opaque)
    query.traits.has_opt =
        (query.form & state::kWantsOpt) != 0 || slot.waiters != 0 || opt.has_options() || opt.extended_rcode != 0;
  if (opt_is != dns::OptSearch::unreadable) {
    answer.dns_length = static_cast<uint16_t>(end);
    if (!to_client(lcore, index, answer, opt)) return pass_over();
  }
  if (!slot.opaque) dns::store16(answer.dns + 2, dns::answer_flags(query.traits.flags, dns::flags_of(answer.dns)));
  bool clean = false;
  ResponseOutcome outcome = guard(lcore, index, answered->endpoint_slot, answer, clean);
  if (outcome == ResponseOutcome::no_room) return reject(outcome);
  if (outcome == ResponseOutcome::chased) return outcome;
  if (outcome == ResponseOutcome::returned) {
    remember(lcore, index, {answer.dns, answer.dns_length}, clean);
    if (clean && is_failure(dns::flags_of(answer.dns)) && replace_by_stale(lcore, index, answer))
      outcome = ResponseOutcome::replaced_stale;
  }
  if (slot.background) {
    finish(lcore, index, {answer.dns, answer.dns_length}, dns::ExtendedError::other);
    discard(lcore, *packet.frame);
    return outcome == ResponseOutcome::blocked ? outcome : ResponseOutcome::refreshed;
  }
  if (slot.counts_as_negative != 0) give_negative_back(lcore, slot, query.key, answer.dns);
  const bool to_card = over_tcp && !lcore.host.is_stream(slot.port);
  const dns::QueryTraits traits = query.traits_of_first();
  const std::span<const uint8_t> whole = fit(lcore, slot, traits, answer);
  if (to_card && copy_for_card(lcore, traits, answer) == nullptr) return reject(ResponseOutcome::no_room);
  if (!slot.opaque)
    answer.dns_length = static_cast<uint16_t>(
        dns::add_client_options(room_of(answer), answer.dns_length, traits, lcore.host.identity.text()));
  dns::store16(answer.dns, slot.client_id);
  if (!write_udp_frame(*answer.frame, answer.dns, answer.dns_length, headers_to(lcore, slot))) {
    if (to_card) discard(lcore, *answer.frame);
    return reject(ResponseOutcome::no_room);
  }
  lcore.counters.rcodes[dns::flags_of(answer.dns) & dns::kRcodeMask].add(1);
  const uint8_t port = slot.port;
  finish(lcore, index, whole, dns::ExtendedError::other);
  transmit(lcore, port, *answer.frame);
  if (to_card) discard(lcore, *packet.frame);
  return outcome;
}

}  // namespace penstock::path
