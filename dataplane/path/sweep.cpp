#include "dataplane/path/sweep.h"

#include "dataplane/path/deliver.h"
#include "dataplane/path/reply.h"
#include "dataplane/path/retry.h"
#include "dataplane/path/send.h"
#include "dataplane/path/transmit.h"

namespace penstock::path {
namespace {

using config::SweepOutcome;

constexpr dns::ExtendedError kNobodyAnswered = dns::ExtendedError::no_reachable_authority;

SweepOutcome answer_servfail(state::Lcore& lcore, uint32_t index) {
  rte_mbuf* frame = lcore.fresh.pop();
  if (frame == nullptr) return SweepOutcome::expired_unanswered;
  const state::PendingSlot& slot = lcore.pending.slot(index);
  const uint16_t length = write_servfail(*frame, lcore.pending.query(index), kNobodyAnswered);
  uint8_t* message = static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset;
  if (length != 0) dns::store16(message, slot.client_id);
  if (length == 0 || !write_udp_frame(*frame, message, length, headers_to(lcore, slot))) {
    discard(lcore, *frame);
    return SweepOutcome::expired_unanswered;
  }
  transmit(lcore, slot.port, *frame);
  return SweepOutcome::expired;
}

}  // namespace

unsigned sweep(state::Lcore& lcore, uint64_t now) {
  unsigned due = 0;
  for (; due < state::kBurst; ++due) {
    const uint32_t index = lcore.pending.next_due(now);
    if (index == state::PendingTable::kNone) break;
    const state::PendingSlot& slot = lcore.pending.slot(index);
    const uint64_t end = end_of_patience(lcore, slot);
    if (now < end) {
      const config::RetryOutcome outcome = retry(lcore, index, now);
      lcore.counters.retry[outcome].add(1);
      if (outcome != config::RetryOutcome::sent) lcore.pending.schedule(index, end);
      continue;
    }
    const state::PendingSend& last = lcore.pending.query(index).send(slot.sends - 1U);
    lcore.counters.endpoints[last.endpoint_slot].timeouts.add(1);
    lcore.counters.sweep[answer_servfail(lcore, index)].add(1);
    finish(lcore, index, {}, kNobodyAnswered);
  }
  return due;
}

}  // namespace penstock::path
