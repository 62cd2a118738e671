#include "dataplane/path/sweep.h"

#include <cstring>

#include "dataplane/dns/answer.h"
#include "dataplane/path/headers.h"
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
  const state::PendingQuestion& question = lcore.pending.question(index);
  uint8_t* message = static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset;
  dns::store16(message, slot.client_id);
  std::memcpy(message + dns::kHeaderSize, question.bytes.data(), slot.question_length);
  const unsigned length = dns::write_answer({message, kLongestAnswer}, question.traits, dns::Rcode::servfail,
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
  unsigned expired = 0;
  for (; expired < state::kBurst; ++expired) {
    const uint32_t index = lcore.pending.oldest();
    if (index == state::PendingTable::kNone) break;
    const state::PendingSlot& slot = lcore.pending.slot(index);
    if (now - slot.sent_at < lcore.query_timeout_ns) break;
    lcore.counters.endpoints[slot.endpoint_slot].timeouts.add(1);
    lcore.counters.sweep[answer_servfail(lcore, index)].add(1);
    lcore.pending.close(index);
  }
  return expired;
}

}  // namespace penstock::path
