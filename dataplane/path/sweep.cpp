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

// In the place of the SERVFAIL in `frame`.
uint16_t write_truncated(rte_mbuf& frame, const state::PendingQuery& query) {
  uint8_t* message = static_cast<uint8_t*>(frame.buf_addr) + kMessageOffset;
  const size_t room = size_t{frame.buf_len} - kMessageOffset;
  dns::write_answer({message, room}, query.traits, dns::Rcode::noerror, dns::ExtendedError::none);
  return static_cast<uint16_t>(dns::truncate_answer({message, room}, query.traits));
}

// `stale`: what is remembered, though expired; empty: SERVFAIL.
SweepOutcome answer(state::Lcore& lcore, uint32_t index, std::span<const uint8_t> stale) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  if (slot.background) return SweepOutcome::expired_refresh;
  rte_mbuf* frame = lcore.fresh.pop();
  if (frame == nullptr) return SweepOutcome::expired_unanswered;
  uint8_t* message = static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset;
  const bool with_stale = !stale.empty() && frame->buf_len >= kMessageOffset + stale.size();
  if (with_stale) std::memcpy(message, stale.data(), stale.size());
  auto length = with_stale ? static_cast<uint16_t>(stale.size())
                           : write_servfail(*frame, lcore.pending.query(index), kNobodyAnswered);
  // There was an answer, too long for UDP: the client may have it over TCP itself.
  if (!with_stale && length != 0 && slot.over_tcp != 0 && !lcore.host.is_stream(slot.port))
    length = write_truncated(*frame, lcore.pending.query(index));
  if (length != 0) dns::store16(message, slot.client_id);
  if (length == 0 || !write_udp_frame(*frame, message, length, headers_to(lcore, slot))) {
    discard(lcore, *frame);
    return SweepOutcome::expired_unanswered;
  }
  transmit(lcore, slot.port, *frame);
  return with_stale ? SweepOutcome::expired_stale : SweepOutcome::expired;
}

}  // namespace

void give_up(state::Lcore& lcore, uint32_t index, uint64_t now) {
  const std::span<const uint8_t> stale = recall_for(lcore, index, now);
  lcore.counters.sweep[answer(lcore, index, stale)].add(1);
  finish(lcore, index, stale, kNobodyAnswered);
}

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
    count_timeout(lcore, last);
    // That nobody answers over TCP, or one server not a message for it alone, says nothing of those who ask over UDP.
    if (slot.over_tcp == 0 && !slot.opaque) remember_silence(lcore, index, now);
    give_up(lcore, index, now);
  }
  return due;
}

}  // namespace penstock::path
