#include "dataplane/path/response/settle.h"

#include <bit>

#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/retry.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/memory/remember.h"
#include "dataplane/path/response/loss.h"

namespace penstock::path {
namespace {

using config::ResponseOutcome;

ResponseOutcome reject(const Received& received, ResponseOutcome outcome) {
  discard(received.flight.lcore, *received.packet.frame);
  return outcome;
}

void count(const Received& received) {
  state::Lcore& lcore = received.flight.lcore;
  const state::PendingSend& answered = received.answered();
  config::EndpointCounters& endpoint = lcore.counters.endpoints[answered.endpoint_slot];
  if (answered.over_tcp) {
    // Says nothing of how soon, or whether, it answers over UDP.
    endpoint.stream_responses.add(1);
    lcore.endpoints.stream_silence.count_answer(answered.endpoint_slot);
    return;
  }
  const uint64_t ns = lcore.now - answered.at;
  endpoint.responses.add(1);
  endpoint.latency_ns.add(ns);
  // Bucket b holds what is below 2^b microseconds.
  const auto bucket = static_cast<size_t>(std::bit_width(ns / 1000));
  endpoint.latency[bucket < config::kLatencyBuckets ? bucket : config::kLatencyBuckets - 1].add(1);
  if (received.rcode == dns::Rcode::servfail) endpoint.servfails.add(1);
  if (received.rcode == dns::Rcode::refused) endpoint.refused.add(1);
}

// It answers what it is asked: no other is asked instead, and none sooner.
void note_answer(const Received& received) {
  state::Lcore& lcore = received.flight.lcore;
  const state::PendingSend& answered = received.answered();
  note_heard(lcore, answered.endpoint_slot, received.rcode);
  if (answered.over_tcp) return;
  lcore.endpoints.round_trips.learn(answered.endpoint_slot, lcore.now - answered.at);
  lcore.endpoints.silence.count_answer(answered.endpoint_slot);
}

// Whether the endpoint is asked once more without an OPT, as it knows none, or not this version.
bool goes_without_opt(const Received& received) {
  state::Lcore& lcore = received.flight.lcore;
  const state::PendingSend& answered = received.answered();
  if ((answered.form & state::kSentAgain) != 0) {
    // That it was the OPT is known once it goes without. An option of the client's may be at fault as well.
    if (received.rcode != dns::Rcode::formerr && received.rcode != dns::Rcode::notimp &&
        received.flight.asked().opt_length == dns::kOptSize &&
        lcore.endpoints.no_edns.note_fails(answered.endpoint_slot, answered.endpoint, lcore.now))
      lcore.counters.endpoints[answered.endpoint_slot].without_edns.set(1);
    return false;
  }
  const bool was_asked = (answered.form & state::kSentOpt) != 0;
  const bool bad_version = was_asked && received.opt.extended_rcode == 1 && received.rcode == dns::Rcode::noerror;
  if (was_asked && received.opt.begin != 0 && !bad_version)
    lcore.endpoints.no_edns.note_works(answered.endpoint_slot, answered.endpoint);
  return (bad_version || received.may_be_about_opt()) &&
         ask_without_opt(received.flight, received.number, *received.packet.frame);
}

// RFC 2181 section 9: what was cut short is worth nothing. resolve_tc says whether we or the client ask again; one that asks over TCP
// has done so.
std::optional<ResponseOutcome> fetch_whole(const Received& received) {
  const Flight& flight = received.flight;
  const Packet& packet = received.packet;
  const bool is_truncated = (dns::flags_of(packet.dns) & dns::kFlagTruncated) != 0;
  if (!packet.is_fragment && (!is_truncated || received.came_over_tcp() || flight.slot.opaque)) return std::nullopt;
  const bool must = packet.is_fragment || flight.query.traits.udp_size == kStreamSize;
  if (ask_over_tcp(flight, received.number, must, *packet.frame)) return ResponseOutcome::asked_over_tcp;
  if (must) return reject(received, ResponseOutcome::dropped_fragment);
  return std::nullopt;
}

std::optional<ResponseOutcome> ask_others(const Received& received) {
  if (received.rcode != dns::Rcode::servfail && received.rcode != dns::Rcode::refused) return std::nullopt;
  const auto outcome = try_others(received.flight, received.number, received.rcode, *received.packet.frame);
  return outcome == ResponseOutcome::held_back ? reject(received, *outcome) : outcome;
}

}  // namespace

ResponseOutcome pass_over(const Received& received) {
  if (give_up_send(received.flight, received.number, true, *received.packet.frame)) return ResponseOutcome::unusable;
  return reject(received, ResponseOutcome::unusable);
}

std::optional<ResponseOutcome> settle(const Received& received) {
  count(received);
  const bool is_whole = received.is_whole();
  if (!is_whole && (received.has_question || !received.may_be_about_opt())) return pass_over(received);
  note_answer(received);
  if (!received.packet.is_fragment && goes_without_opt(received)) return ResponseOutcome::asked_without_edns;
  if (!is_whole) return pass_over(received);
  if (const auto outcome = fetch_whole(received)) return outcome;
  return ask_others(received);
}

}  // namespace penstock::path
