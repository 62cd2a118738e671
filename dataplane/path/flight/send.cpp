#include "dataplane/path/flight/send.h"

#include <algorithm>

#include "config/contract/enums.h"
#include "dataplane/dns/spelling.h"
#include "dataplane/path/choose/patience.h"
#include "dataplane/path/flight/flight.h"
#include "dataplane/path/frame/headers.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/state/lanes/stream_peer.h"

namespace penstock::path {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kTryOverTcp = 5'000 * kMs;  // the one that tries waits for UDP as long as all did before

// How the message goes to this endpoint: bits of kSent....
uint8_t form_for(state::Lcore& lcore, const state::EndpointHop& hop, const config::ImagePool& pool,
                 const state::PendingSlot& slot, const Asked& asked, bool with_opt, state::PendingQuery& query) {
  uint8_t form = with_opt ? 0 : state::kSentAgain;
  if (asked.opt_length != 0 && with_opt && !lcore.no_edns.is_without(hop.slot, hop.address, lcore.now)) {
    form |= state::kSentOpt;
    config::Counter& without = lcore.counters.endpoints[hop.slot].without_edns;
    if (without.get() != 0) without.set(0);
  }
  if ((pool.edns & config::kEdnsRandomiseCase) != 0 && hop.echoes_case && slot.over_tcp == 0 && !slot.opaque) {
    while (query.case_bits == 0) query.case_bits = uint64_t{lcore.random.next()} << 32 | lcore.random.next();
    form |= state::kSentRandomCase;
  }
  return form;
}

void count_record(uint8_t* message, int change) {
  dns::store16(message + 10, static_cast<uint16_t>(dns::load16(message + 10) + change));
}

// A frame for the endpoint, and what its response must match. False: the frame has no room, nothing has changed.
[[gnu::always_inline]] inline bool write(state::Lcore& lcore, uint32_t index, state::PendingSend& sent,
                                         const config::ImagePool& pool, const state::EndpointHop& hop, rte_mbuf& frame,
                                         uint8_t* message, uint16_t length, bool with_opt = true) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  state::PendingQuery& query = lcore.pending.query(index);
  const Asked asked = asked_of(lcore, slot, query);
  const uint8_t form = form_for(lcore, hop, pool, slot, asked, with_opt, query);
  const bool without_opt = asked.opt_length != 0 && (form & state::kSentOpt) == 0;
  const auto respell = [&] {
    if ((form & state::kSentRandomCase) != 0)
      dns::flip_case(message + dns::kHeaderSize, asked.question_length - 4U, query.case_bits);
  };
  respell();
  if (without_opt) {
    length = static_cast<uint16_t>(length - asked.opt_length);
    count_record(message, -1);
  }
  const uint16_t source_port = lcore.ports.draw(lcore.random);
  const bool over_tcp = slot.over_tcp != 0;
  const uint8_t port = over_tcp ? lcore.host.stream_port() : hop.port;
  const UdpHeaders headers{
      .destination_mac = over_tcp ? state::endpoint_mac(hop.slot, pool.pipelining) : hop.mac,
      .source_mac = lcore.host.ports[port].mac,
      .source = hop.source,
      .destination = hop.address,
      .source_port = source_port,
      .destination_port = 53,
      .vlan = over_tcp ? uint16_t{0} : hop.vlan,
      .ip_id = static_cast<uint16_t>(lcore.random.next()),
      .family = hop.family,
  };
  const uint16_t id = dns::id_of(message);
  dns::store16(message, slot.upstream_id);
  if (!write_udp_frame(frame, message, length, headers)) {
    dns::store16(message, id);
    respell();
    if (without_opt) count_record(message, 1);
    return false;
  }
  sent.endpoint = hop.address;
  sent.source = hop.source;
  sent.at = lcore.now;
  sent.source_port = source_port;
  sent.endpoint_slot = hop.slot;
  sent.family = hop.family;
  sent.answered = false;
  sent.over_tcp = over_tcp;
  sent.form = form;
  config::EndpointCounters& counters = lcore.counters.endpoints[hop.slot];
  (over_tcp ? counters.stream_queries : counters.queries).add(1);
  (over_tcp ? lcore.stream_silence : lcore.silence).count_send(hop.slot, lcore.now);
  transmit(lcore, port, frame);
  return true;
}

// With the handshake a first query takes two round trips, and the slow lane looks every millisecond or two.
uint64_t patience_over_tcp(uint64_t over_udp) {
  return std::min(2 * over_udp + 100 * kMs, std::max(over_udp, 1000 * kMs));
}

void schedule(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, const state::EndpointHop& hop) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  uint64_t due = end_of_patience(lcore, slot);
  if (slot.sends < state::kMaxSends && !slot.opaque) {
    const uint64_t patience = patience_with(lcore, pool, hop.slot);
    due = std::min(due, lcore.now + (slot.over_tcp != 0 ? patience_over_tcp(patience) : patience));
  }
  lcore.pending.schedule(index, due);
}

}  // namespace

bool send(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint, rte_mbuf& frame,
          uint8_t* message, uint16_t length, bool with_opt) {
  state::PendingSlot& slot = lcore.pending.slot(index);
  state::PendingQuery& query = lcore.pending.query(index);
  if (!write(lcore, index, query.send(slot.sends), pool, lcore.hops[endpoint], frame, message, length, with_opt))
    return false;
  if (slot.sends == 0) query.failed = 0;
  ++slot.sends;
  ++lcore.outstanding[lcore.hops[endpoint].slot];
  schedule(lcore, index, pool, lcore.hops[endpoint]);
  return true;
}

bool is_silent_over_tcp(state::Lcore& lcore, const config::ImagePool& pool, uint32_t endpoint) {
  const uint16_t slot = lcore.hops[endpoint].slot;
  return lcore.stream_silence.owes_much(slot) &&
         lcore.stream_silence.is_silent(slot, patience_over_tcp(patience_with(lcore, pool, slot)), lcore.now) &&
         !lcore.stream_silence.try_again(slot, lcore.now, kTryOverTcp);
}

bool send_by_udp(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint,
                 std::span<const uint8_t> message) {
  rte_mbuf* frame = lcore.fresh.pop();
  if (frame == nullptr) return false;
  state::PendingSlot& slot = lcore.pending.slot(index);
  uint8_t* at = static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset;
  const bool has_room = frame->buf_len >= kMessageOffset + message.size();
  if (has_room) std::memcpy(at, message.data(), message.size());
  slot.over_tcp = 0;
  const bool sent = has_room && send(lcore, index, pool, endpoint, *frame, at, static_cast<uint16_t>(message.size()));
  slot.over_tcp = 1;
  if (!sent) lcore.fresh.push(frame);
  return sent;
}

bool send_over_tcp(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint,
                   unsigned number, rte_mbuf& frame, uint8_t* message, uint16_t length) {
  state::PendingSlot& slot = lcore.pending.slot(index);
  const bool was_over_tcp = slot.over_tcp != 0;
  slot.over_tcp = 1;
  if (!write(lcore, index, lcore.pending.query(index).send(number), pool, lcore.hops[endpoint], frame, message,
             length)) {
    slot.over_tcp = was_over_tcp ? 1 : 0;
    return false;
  }
  slot.cut_short = 1;
  schedule(lcore, index, pool, lcore.hops[endpoint]);
  return true;
}

}  // namespace penstock::path
