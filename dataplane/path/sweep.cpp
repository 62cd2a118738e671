#include "dataplane/path/sweep.h"

#include <cstring>

#include "dataplane/path/deliver.h"
#include "dataplane/path/recall.h"
#include "dataplane/path/remember.h"
#include "dataplane/path/reply.h"
#include "dataplane/path/retry.h"
#include "dataplane/path/send.h"
#include "dataplane/path/transmit.h"

namespace penstock::path {
namespace {

using config::SweepOutcome;

constexpr dns::ExtendedError kNobodyAnswered = dns::ExtendedError::no_reachable_authority;

// `stale`: what is remembered, though expired; empty: SERVFAIL.
SweepOutcome answer(state::Lcore& lcore, uint32_t index, std::span<const uint8_t> stale) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  if (slot.background) return SweepOutcome::expired_refresh;
  rte_mbuf* frame = lcore.fresh.pop();
  if (frame == nullptr) return SweepOutcome::expired_unanswered;
  uint8_t* message = static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset;
  const bool with_stale = !stale.empty() && frame->buf_len >= kMessageOffset + stale.size();
  if (with_stale) std::memcpy(message, stale.data(), stale.size());
  const auto length = with_stale ? static_cast<uint16_t>(stale.size())
                                 : write_servfail(*frame, lcore.pending.query(index), kNobodyAnswered);
  if (length != 0) dns::store16(message, slot.client_id);
  if (length == 0 || !write_udp_frame(*frame, message, length, headers_to(lcore, slot))) {
    discard(lcore, *frame);
    return SweepOutcome::expired_unanswered;
  }
  transmit(lcore, slot.port, *frame);
  return with_stale ? SweepOutcome::expired_stale : SweepOutcome::expired;
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
    if (!last.answered) lcore.counters.endpoints[last.endpoint_slot].timeouts.add(1);
    remember_silence(lcore, index, now);
    const std::span<const uint8_t> stale = recall_for(lcore, index, now);
    lcore.counters.sweep[answer(lcore, index, stale)].add(1);
    finish(lcore, index, stale, kNobodyAnswered);
  }
  return due;
}

}  // namespace penstock::path
