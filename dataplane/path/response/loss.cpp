#include "dataplane/path/response/loss.h"

#include "dataplane/path/flight/retry.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/response/sweep.h"

namespace penstock::path {
namespace {

using config::ResponseOutcome;

state::PendingSend* find_send(const Packet& packet, const state::PendingSlot& slot, state::PendingQuery& query) {
  for (unsigned i = 0; i < slot.sends; ++i) {
    state::PendingSend& send = query.send(i);
    if (send.over_tcp && !send.answered && send.source_port == packet.destination_port &&
        send.family == packet.family && send.endpoint == packet.source && send.source == packet.destination)
      return &send;
  }
  return nullptr;
}

bool owes(const state::PendingSlot& slot, state::PendingQuery& query) {
  bool any = false;
  for (unsigned i = 0; i < slot.sends; ++i) any = any || !query.send(i).answered;
  return any;
}

}  // namespace

bool give_up_send(state::Lcore& lcore, uint32_t index, state::PendingSend& send, bool had_left, rte_mbuf& frame) {
  send.answered = true;
  --lcore.outstanding[send.endpoint_slot];
  if (ask_another(lcore, index, had_left, frame)) return true;
  if (!owes(lcore.pending.slot(index), lcore.pending.query(index)) && !ask_by_udp(lcore, index, had_left))
    give_up(lcore, index);
  return false;
}

ResponseOutcome handle_loss(state::Lcore& lcore, const Packet& packet) {
  const auto reject = [&](ResponseOutcome outcome) {
    discard(lcore, *packet.frame);
    return outcome;
  };
  const uint16_t id = dns::id_of(packet.dns);
  const bool had_left = packet.dns[2] != 0;
  const uint32_t index = lcore.pending.index_of(id);
  const state::PendingSlot& slot = lcore.pending.slot(index);
  if (slot.open == 0 || slot.landed != 0 || slot.upstream_id != id) return reject(ResponseOutcome::unknown_id);
  state::PendingQuery& query = lcore.pending.query(index);
  state::PendingSend* lost = find_send(packet, slot, query);
  if (lost == nullptr) return reject(ResponseOutcome::unknown_id);

  count_timeout(lcore, *lost);
  if (give_up_send(lcore, index, *lost, had_left, *packet.frame)) return ResponseOutcome::lost_over_tcp;
  return reject(ResponseOutcome::lost_over_tcp);
}

}  // namespace penstock::path
