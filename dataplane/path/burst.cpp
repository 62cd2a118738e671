// dataplane/path/burst.cpp - the page to read first: the life of a query and of its response, a burst at a time.
//
//   take_received    frames of a port: classify, then each is a query, a response, another lcore's, or the kernel's
//   handle_queries     prepare_query    all of the burst are read, hashed, and what they may need is fetched
//                      narrow_query     who is not likely to be remembered has its zone looked for
//                      handle_query     one by one: limits, memory, rule, endpoint (query/query.cpp)
//   handle_responses   prepare_response, narrow_response    their flights are fetched
//                      handle_response  one by one: validate, settle, give (response/response.cpp)
//   take_handed_off  what other lcores and the slow lane passed on: the same
//   sweep            flights that are due: another endpoint, or an end (response/sweep.cpp)
//   deliver          clients that joined a flight get its answer (flight/deliver.cpp)
//
// The worker's turn (dataplane/worker.cpp) calls the four, and sends what they have put into batches.
#include "dataplane/path/burst.h"

#include "dataplane/path/flight/note.h"
#include "dataplane/path/frame/classify.h"
#include "dataplane/path/frame/handoff.h"
#include "dataplane/path/frame/transmit.h"

namespace penstock::path {
namespace {

using config::ClassifyOutcome;

// Parse, hash and prefetch all of a burst first, match after: the misses of 32 look-ups overlap.
void handle_queries(state::Lcore& lcore, Burst& burst) {
  lcore.flights.pending.foresee(lcore.random, burst.query_count);
  for (unsigned i = 0; i < burst.query_count; ++i) prepare_query(lcore, burst.queries[i]);
  if (lcore.rules != nullptr) {
    for (unsigned i = 0; i < burst.query_count; ++i) narrow_query(lcore, burst.queries[i]);
    if (lcore.rules->zones().is_large())
      for (unsigned i = 0; i < burst.query_count; ++i) narrow_zones(lcore, burst.queries[i]);
  }
  for (unsigned i = 0; i < burst.query_count; ++i) {
    lcore.said = {};
    const config::QueryOutcome outcome = handle_query(lcore, burst.queries[i]);
    lcore.counters.query[outcome].add(1);
    note(lcore, burst.queries[i], outcome);
  }
  burst.query_count = 0;
}

void handle_responses(state::Lcore& lcore, Burst& burst) {
  for (unsigned i = 0; i < burst.response_count; ++i) prepare_response(lcore, burst.responses[i]);
  for (unsigned i = 0; i < burst.response_count; ++i) narrow_response(lcore, burst.responses[i]);
  for (unsigned i = 0; i < burst.response_count; ++i)
    lcore.counters.response[handle_response(lcore, burst.responses[i])].add(1);
  burst.response_count = 0;
}

// To the lcore that owns the port it came to.
void take_response(state::Lcore& lcore, state::Rings& rings, Burst& burst, const Packet& packet) {
  const uint8_t owner = lcore.host.owner(packet.destination_port);
  if (owner == lcore.index) {
    burst.responses[burst.response_count++] = packet;
  } else if (!lcore.endpoints.filter.may_hold(packet.source)) {
    lcore.counters.response[config::ResponseOutcome::wrong_endpoint].add(1);
    discard(lcore, *packet.frame);
  } else {
    lcore.counters.handoff[hand_off(lcore, packet, rings, owner)].add(1);
  }
}

}  // namespace

void take_received(state::Lcore& lcore, state::Rings& rings, Burst& burst, std::span<rte_mbuf*> frames, uint8_t port) {
  lcore.counters.received.add(frames.size());
  for (rte_mbuf* frame : frames) rte_prefetch0(rte_pktmbuf_mtod(frame, void*));
  for (rte_mbuf* frame : frames) {
    // Read into the place of the next query; a response is copied from there to its own.
    Packet& packet = burst.queries[burst.query_count].packet;
    const ClassifyOutcome outcome = classify(*frame, port, lcore.host, packet);
    lcore.counters.classify[outcome].add(1);
    if (packet.is_checksum_partial) lcore.counters.checksum_partial.add(1);
    switch (outcome) {
      case ClassifyOutcome::query:
        ++burst.query_count;
        break;
      case ClassifyOutcome::fragment:
      case ClassifyOutcome::response:
        take_response(lcore, rings, burst, packet);
        break;
      case ClassifyOutcome::stranger:
        lcore.counters.door[leave_to_kernel(lcore, packet, rings)].add(1);
        break;
      default:
        discard(lcore, *frame);
        break;
    }
  }
  handle_queries(lcore, burst);
  handle_responses(lcore, burst);
}

namespace {

// What the slow lane received is handled like what a card did.
void take_streamed(state::Lcore& lcore, state::Rings& rings, Burst& burst, std::span<const uintptr_t> items) {
  std::array<rte_mbuf*, state::kBurst> frames;
  size_t received = 0;
  for (const uintptr_t item : items) {
    rte_mbuf* frame = state::frame_of(item);
    if (state::is_used(item))
      discard(lcore, *frame);
    else
      frames[received++] = frame;
  }
  take_received(lcore, rings, burst, {frames.data(), received}, lcore.host.stream_port());
}

}  // namespace

unsigned take_handed_off(state::Lcore& lcore, state::Rings& rings, Burst& burst) {
  unsigned taken = 0;
  unsigned from = lcore.frames.first_ring;
  // Another sender is first each time: one that fills its ring must not starve the others.
  lcore.frames.first_ring = from + 1 < rings.threads() ? from + 1 : 0;
  for (unsigned looked = 0; looked < rings.threads() && taken < state::kBurst; ++looked) {
    std::array<uintptr_t, state::kBurst> items;
    const size_t count = rings.ring(from, lcore.index).pop(items.data(), state::kBurst - taken);
    if (from == rings.slow_thread() && count != 0) take_streamed(lcore, rings, burst, {items.data(), count});
    for (size_t i = 0; from != rings.slow_thread() && i < count; ++i) {
      rte_mbuf* frame = state::frame_of(items[i]);
      if (state::is_egress(items[i])) {
        transmit(lcore, static_cast<uint8_t>(frame->port), *frame);
        continue;
      }
      // Its receiver has counted and verified it; it is read again, which is cheaper than passing on what was read.
      Packet& packet = burst.responses[burst.response_count];
      const auto outcome = classify(*frame, static_cast<uint8_t>(frame->port), lcore.host, packet);
      if (outcome == ClassifyOutcome::response || outcome == ClassifyOutcome::fragment)
        ++burst.response_count;
      else
        discard(lcore, *frame);
    }
    taken += static_cast<unsigned>(count);
    if (++from == rings.threads()) from = 0;
  }
  handle_responses(lcore, burst);
  return taken;
}

}  // namespace penstock::path
