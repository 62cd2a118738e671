#include "dataplane/path/response/loss.h"

#include "dataplane/path/flight/retry.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/response/sweep.h"

namespace penstock::path {
namespace {

using config::ResponseOutcome;

constexpr unsigned kNoSend = state::kMaxSends;

unsigned find_send(const Flight& flight, const Packet& packet) {
  for (unsigned i = 0; i < flight.slot.sends; ++i) {
    const state::PendingSend& send = flight.query.send(i);
    if (send.over_tcp && !send.answered && send.source_port == packet.destination_port &&
        send.family == packet.family && send.endpoint == packet.source && send.source == packet.destination)
      return i;
  }
  return kNoSend;
}

}  // namespace

bool give_up_send(const Flight& flight, unsigned number, bool had_left, rte_mbuf& frame) {
  settle_send(flight, number);
  if (ask_another(flight, had_left, frame)) return true;
  if (!is_owed(flight) && !ask_by_udp(flight, had_left)) give_up(flight);
  return false;
}

ResponseOutcome handle_loss(state::Lcore& lcore, const Packet& packet) {
  const auto reject = [&](ResponseOutcome outcome) {
    discard(lcore, *packet.frame);
    return outcome;
  };
  const uint16_t id = dns::id_of(packet.dns);
  const bool had_left = packet.dns[2] != 0;
  const Flight flight(lcore, lcore.flights.pending.index_of(id));
  if (!flight.is_asked_as(id)) return reject(ResponseOutcome::unknown_id);
  const unsigned lost = find_send(flight, packet);
  if (lost == kNoSend) return reject(ResponseOutcome::unknown_id);

  count_timeout(lcore, flight.query.send(lost));
  if (give_up_send(flight, lost, had_left, *packet.frame)) return ResponseOutcome::lost_over_tcp;
  return reject(ResponseOutcome::lost_over_tcp);
}

}  // namespace penstock::path
