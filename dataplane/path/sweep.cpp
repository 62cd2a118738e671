#include "dataplane/path/sweep.h"

#include <cstring>

#include "dataplane/dns/answer.h"
#include "dataplane/path/headers.h"
#include "dataplane/path/retry.h"
#include "dataplane/path/send.h"
#include "dataplane/path/transmit.h"

namespace penstock::path {
namespace {

using config::SweepOutcome;

constexpr unsigned kMessageOffset = 128;  // room for the longest headers before the message: 14 + 4 + 40 + 8
constexpr unsigned kLongestAnswer = dns::kHeaderSize + 259 + dns::kAnswerTail;

SweepOutcome answer_servfail(state::Lcore& lcore, uint32_t index) {
  rte_mbuf* frame = lcore.fresh.pop();
  if (frame == nullptr) return SweepOutcome::expired_unanswered;
  const state::PendingSlot& slot = lcore.pending.slot(index);
  const state::PendingQuery& query = lcore.pending.query(index);
  uint8_t* message = static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset;
  dns::store16(message, slot.client_id);
  std::memcpy(message + dns::kHeaderSize, query.question(), slot.question_length);
  const unsigned length = dns::write_answer({message, kLongestAnswer}, query.traits, dns::Rcode::servfail,
                                            dns::ExtendedError::no_reachable_authority);
  const UdpHeaders headers{
      .destination_mac = slot.client_mac,
      .source_mac = lcore.host.ports[slot.port].mac,
      .source = lcore.host.listen(slot.listen).bytes,
      .destination = slot.client,
      .source_port = 53,
      .destination_port = slot.client_port,
      .vlan = slot.client_vlan,
      .ip_id = static_cast<uint16_t>(lcore.random.next()),
      .family = slot.client_family,
  };
  if (!write_udp_frame(*frame, message, static_cast<uint16_t>(length), headers)) {
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
    close(lcore, index);
  }
  return due;
}

}  // namespace penstock::path
