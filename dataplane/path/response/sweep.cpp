#include "dataplane/path/response/sweep.h"

#include <algorithm>
#include <cstring>

#include "dataplane/path/answer/reply.h"
#include "dataplane/path/flight/deliver.h"
#include "dataplane/path/flight/retry.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/memory/recall.h"
#include "dataplane/path/memory/remember.h"

namespace penstock::path {
namespace {

using config::RetryOutcome;
using config::SweepOutcome;

// What lacked a budget or a buffer when it was overdue may have one before its client's patience ends.
constexpr uint64_t kPutOffNs = 100'000'000;

bool is_put_off(RetryOutcome outcome) {
  return outcome == RetryOutcome::over_budget || outcome == RetryOutcome::over_rate_budget ||
         outcome == RetryOutcome::no_frame;
}

constexpr dns::ExtendedError kNobodyAnswered = dns::ExtendedError::no_reachable_authority;

// There was an answer, too long for UDP, and TCP has brought nothing: those who ask over UDP may have it over TCP themselves. Empty: that
// is not so. Valid as recall_for()'s.
std::span<const uint8_t> truncated_for(state::Lcore& lcore, const state::PendingSlot& slot,
                                       const state::PendingQuery& query) {
  if (slot.over_tcp == 0 || lcore.host.is_stream(slot.port)) return {};
  const std::span<uint8_t> message(lcore.stale_message);
  dns::store16(message.data(), 0);
  std::memcpy(&message[dns::kHeaderSize], query.question(), query.traits.question_length);
  dns::QueryTraits traits = query.traits;
  traits.has_opt = true;
  dns::write_answer(message, traits, dns::Rcode::noerror, dns::ExtendedError::none);
  return message.first(dns::truncate_answer(message, query.question(), traits));
}

// `message`: what those who wait are told, empty: SERVFAIL.
SweepOutcome answer(state::Lcore& lcore, uint32_t index, std::span<const uint8_t> message, bool is_stale) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  if (slot.background) return SweepOutcome::expired_refresh;
  rte_mbuf* frame = lcore.fresh.pop();
  if (frame == nullptr) return SweepOutcome::expired_unanswered;
  uint8_t* at = static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset;
  const state::PendingQuery& query = lcore.pending.query(index);
  const dns::QueryTraits traits = query.traits_of_first();
  const bool fits = !message.empty() && frame->buf_len >= kMessageOffset + message.size() + dns::kAnswerTail;
  if (fits) std::memcpy(at, message.data(), message.size());
  const std::span<uint8_t> room(at, size_t{frame->buf_len} - kMessageOffset);
  auto length = fits ? static_cast<uint16_t>(dns::fit_answer(room, static_cast<unsigned>(message.size()), traits))
                     : write_servfail(*frame, query, traits, kNobodyAnswered);
  if (length != 0) {
    length = static_cast<uint16_t>(dns::add_client_options(room, length, traits, lcore.host.identity.text()));
    dns::store16(at, slot.client_id);
  }
  if (length == 0 || !write_udp_frame(*frame, at, length, headers_to(lcore, slot))) {
    discard(lcore, *frame);
    return SweepOutcome::expired_unanswered;
  }
  transmit(lcore, slot.port, *frame);
  return fits && is_stale ? SweepOutcome::expired_stale : SweepOutcome::expired;
}

}  // namespace

void give_up(state::Lcore& lcore, uint32_t index) {
  const std::span<const uint8_t> stale = recall_for(lcore, index);
  const std::span<const uint8_t> told =
      !stale.empty() ? stale : truncated_for(lcore, lcore.pending.slot(index), lcore.pending.query(index));
  lcore.counters.sweep[answer(lcore, index, told, !stale.empty())].add(1);
  finish(lcore, index, told, kNobodyAnswered);
}

unsigned sweep(state::Lcore& lcore) {
  unsigned due = 0;
  for (; due < state::kBurst; ++due) {
    const uint32_t index = lcore.pending.next_due(lcore.now);
    if (index == state::PendingTable::kNone) break;
    const state::PendingSlot& slot = lcore.pending.slot(index);
    const uint64_t end = end_of_patience(lcore, slot);
    if (lcore.now < end && slot.sends == state::kMaxSends) {
      lcore.pending.schedule(index, end);  // a reload has made the patience longer
      continue;
    }
    if (lcore.now < end) {
      const RetryOutcome outcome = retry(lcore, index);
      lcore.counters.retry[outcome].add(1);
      if (outcome != RetryOutcome::sent)
        lcore.pending.schedule(index, is_put_off(outcome) ? std::min(end, lcore.now + kPutOffNs) : end);
      continue;
    }
    const state::PendingSend& last = lcore.pending.query(index).send(slot.sends - 1U);
    count_timeout(lcore, last);
    // That nobody answers over TCP, or one server not a message for it alone, says nothing of those who ask over UDP.
    if (slot.over_tcp == 0 && !slot.opaque) remember_silence(lcore, index);
    give_up(lcore, index);
  }
  return due;
}

}  // namespace penstock::path
