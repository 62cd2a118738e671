#include "dataplane/path/flight/send.h"

#include <algorithm>

#include "config/contract/enums.h"
#include "dataplane/dns/spelling.h"
#include "dataplane/path/choose/patience.h"
#include "dataplane/path/frame/headers.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/state/lanes/stream_peer.h"

namespace penstock::path {
namespace {

constexpr uint64_t kMs = 1'000'000;
constexpr uint64_t kTryOverTcp = 5'000 * kMs;  // the one that tries waits for UDP as long as all did before

struct Departure {
  const Flight& flight;
  const config::ImagePool& pool;
  const state::EndpointHop& hop;
  bool over_tcp;
  bool with_opt;
};

// How the message goes to this endpoint: bits of kSent....
uint8_t form_for(const Departure& to, const Asked& asked) {
  state::Lcore& lcore = to.flight.lcore;
  state::PendingQuery& query = to.flight.query;
  uint8_t form = to.with_opt ? 0 : state::kSentAgain;
  if (asked.opt_length != 0 && to.with_opt &&
      !lcore.endpoints.no_edns.is_without(to.hop.slot, to.hop.address, lcore.now)) {
    form |= state::kSentOpt;
    config::Counter& without = lcore.counters.endpoints[to.hop.slot].without_edns;
    if (without.get() != 0) without.set(0);
  }
  if ((to.pool.edns & config::kEdnsRandomiseCase) != 0 && to.hop.echoes_case && !to.over_tcp &&
      !to.flight.slot.opaque) {
    while (query.case_bits == 0) query.case_bits = uint64_t{lcore.random.next()} << 32 | lcore.random.next();
    form |= state::kSentRandomCase;
  }
  return form;
}

void count_record(uint8_t* message, int change) {
  dns::store16(message + 10, static_cast<uint16_t>(dns::load16(message + 10) + change));
}

// The message as it is asked this time. All of it is inlined into write(), which each query passes.
struct Form {
  Asked asked;
  uint8_t bits;  // kSent...
  bool leaves_out_opt() const { return asked.opt_length != 0 && (bits & state::kSentOpt) == 0; }
};

[[gnu::always_inline]] inline void respell(const Departure& to, const Form& form, uint8_t* message) {
  if ((form.bits & state::kSentRandomCase) != 0)
    dns::flip_case(message + dns::kHeaderSize, form.asked.question_length - 4U, to.flight.query.case_bits);
}

// Letters, OPT and id as the endpoint gets them. The length of the message then.
[[gnu::always_inline]] inline uint16_t put_in_form(const Departure& to, const Form& form, const Outgoing& out) {
  respell(to, form, out.message);
  dns::store16(out.message, to.flight.slot.upstream_id);
  if (!form.leaves_out_opt()) return out.length;
  count_record(out.message, -1);
  return static_cast<uint16_t>(out.length - form.asked.opt_length);
}

void take_form_back(const Departure& to, const Form& form, const Outgoing& out, uint16_t id) {
  dns::store16(out.message, id);
  respell(to, form, out.message);
  if (form.leaves_out_opt()) count_record(out.message, 1);
}

[[gnu::always_inline]] inline UdpHeaders headers_for(const Departure& to, uint16_t source_port, uint8_t port) {
  state::Lcore& lcore = to.flight.lcore;
  const state::EndpointHop& hop = to.hop;
  return {
      .destination_mac = to.over_tcp ? state::endpoint_mac(hop.slot, to.pool.pipelining) : hop.mac,
      .source_mac = lcore.host.ports[port].mac,
      .source = hop.source,
      .destination = hop.address,
      .source_port = source_port,
      .destination_port = 53,
      .vlan = to.over_tcp ? uint16_t{0} : hop.vlan,
      .ip_id = static_cast<uint16_t>(lcore.random.next()),
      .family = hop.family,
  };
}

// What its response must match.
[[gnu::always_inline]] inline void note(const Departure& to, const Form& form, uint16_t source_port,
                                        state::PendingSend& sent) {
  sent.endpoint = to.hop.address;
  sent.source = to.hop.source;
  sent.at = to.flight.lcore.now;
  sent.source_port = source_port;
  sent.endpoint_slot = to.hop.slot;
  sent.family = to.hop.family;
  sent.answered = false;
  sent.over_tcp = to.over_tcp;
  sent.form = form.bits;
}

[[gnu::always_inline]] inline void count(const Departure& to) {
  state::Lcore& lcore = to.flight.lcore;
  config::EndpointCounters& counters = lcore.counters.endpoints[to.hop.slot];
  (to.over_tcp ? counters.stream_queries : counters.queries).add(1);
  (to.over_tcp ? lcore.endpoints.stream_silence : lcore.endpoints.silence).count_send(to.hop.slot, lcore.now);
}

// A frame for the endpoint, and in `sent` what its response must match. False: the frame has no room, nothing has changed.
[[gnu::always_inline]] inline bool write(const Departure& to, const Outgoing& out, state::PendingSend& sent) {
  state::Lcore& lcore = to.flight.lcore;
  const Asked asked = to.flight.asked();
  const Form form{asked, form_for(to, asked)};
  const uint16_t id = dns::id_of(out.message);
  const uint16_t length = put_in_form(to, form, out);
  const uint16_t source_port = lcore.ports.draw(lcore.random);
  const uint8_t port = to.over_tcp ? lcore.host.stream_port() : to.hop.port;
  if (!write_udp_frame(out.frame, out.message, length, headers_for(to, source_port, port))) {
    take_form_back(to, form, out, id);
    return false;
  }
  note(to, form, source_port, sent);
  count(to);
  transmit(lcore, port, out.frame);
  return true;
}

// With the handshake a first query takes two round trips, and the slow lane looks every millisecond or two.
uint64_t patience_over_tcp(uint64_t over_udp) {
  return std::min(2 * over_udp + 100 * kMs, std::max(over_udp, 1000 * kMs));
}

void schedule(const Departure& to) {
  const Flight& flight = to.flight;
  uint64_t due = flight.end_of_patience();
  if (flight.slot.sends < state::kMaxSends && !flight.slot.opaque) {
    const uint64_t patience = patience_with(flight.lcore, to.pool, to.hop.slot);
    due = std::min(due, flight.lcore.now + (to.over_tcp ? patience_over_tcp(patience) : patience));
  }
  flight.lcore.flights.pending.schedule(flight.index, due);
}

// The sends that what left takes the place of owe nothing any more.
void take_place(const Flight& flight, const SendAs& as) {
  if (as.afresh) {
    for (unsigned i = 0; i < flight.slot.sends; ++i) settle_send(flight, i);
    flight.slot.sends = 0;
    flight.query.failed = 0;
  } else if (as.number < flight.slot.sends) {
    settle_send(flight, as.number);
  }
}

}  // namespace

bool send(const Flight& flight, const Route& route, const Outgoing& message, SendAs as) {
  state::Lcore& lcore = flight.lcore;
  state::PendingSlot& slot = flight.slot;
  const state::EndpointHop& hop = lcore.endpoints.hops[route.endpoint];
  const bool over_tcp = as.transport == Transport::as_flight ? slot.over_tcp != 0 : as.transport == Transport::tcp;
  const Departure to{flight, route.pool, hop, over_tcp, as.with_opt};
  if (as.number == SendAs::kOneMore && !as.afresh) {
    if (!write(to, message, flight.query.send(slot.sends))) return false;
    ++slot.sends;
  } else {
    state::PendingSend sent;
    if (!write(to, message, sent)) return false;
    take_place(flight, as);
    const unsigned number = as.afresh ? 0 : as.number;
    if (number == slot.sends) ++slot.sends;
    flight.query.send(number) = sent;
  }
  if (as.transport == Transport::tcp) slot.over_tcp = slot.cut_short = 1;
  ++lcore.endpoints.outstanding[hop.slot];
  schedule(to);
  return true;
}

bool is_silent_over_tcp(state::Lcore& lcore, const Route& route) {
  const config::EndpointSlot slot = lcore.endpoints.hops[route.endpoint].slot;
  return lcore.endpoints.stream_silence.owes_much(slot) &&
         lcore.endpoints.stream_silence.is_silent(slot, patience_over_tcp(patience_with(lcore, route.pool, slot)),
                                                  lcore.now) &&
         !lcore.endpoints.stream_silence.try_again(slot, lcore.now, kTryOverTcp);
}

bool send_copy(const Flight& flight, const Route& route, std::span<const uint8_t> message, Transport transport) {
  rte_mbuf* frame = flight.lcore.frames.fresh.pop();
  if (frame == nullptr) return false;
  if (fits_fresh(*frame, message.size()) &&
      send(flight, route, copy_to_fresh(*frame, message), {.transport = transport}))
    return true;
  flight.lcore.frames.fresh.push(frame);
  return false;
}

}  // namespace penstock::path
