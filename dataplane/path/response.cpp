#include "dataplane/path/response.h"

#include <bit>
#include <cstring>

#include "dataplane/path/headers.h"
#include "dataplane/path/transmit.h"

namespace penstock::path {
namespace {

using config::ResponseOutcome;

// Whether the response belongs to the open query in `slot`; `returned` when it does.
ResponseOutcome validate(const Packet& packet, const state::PendingSlot& slot, const state::PendingQuestion& question) {
  if (packet.family != slot.endpoint_family || packet.source != slot.endpoint) return ResponseOutcome::wrong_endpoint;
  if (packet.destination != question.source) return ResponseOutcome::wrong_endpoint;
  if (packet.destination_port != slot.source_port) return ResponseOutcome::wrong_port;
  if (dns::qdcount_of(packet.dns) != 1) return ResponseOutcome::wrong_question;
  if (packet.dns_length < dns::kHeaderSize + slot.question_length) return ResponseOutcome::wrong_question;
  if (std::memcmp(packet.dns + dns::kHeaderSize, question.bytes.data(), slot.question_length) != 0)
    return ResponseOutcome::wrong_question;
  return ResponseOutcome::returned;
}

void count_latency(config::EndpointCounters& endpoint, uint64_t ns) {
  endpoint.responses.add(1);
  endpoint.latency_ns.add(ns);
  // Bucket b holds what is below 2^b microseconds.
  const auto bucket = static_cast<size_t>(std::bit_width(ns / 1000));
  endpoint.latency[bucket < config::kLatencyBuckets ? bucket : config::kLatencyBuckets - 1].add(1);
}

}  // namespace

void prepare_response(const state::Lcore& lcore, const Packet& packet) {
  if (packet.dns_length >= dns::kHeaderSize) lcore.pending.prefetch(dns::id_of(packet.dns));
}

ResponseOutcome handle_response(state::Lcore& lcore, const Packet& packet, uint64_t now) {
  const auto reject = [&](ResponseOutcome outcome) {
    discard(lcore, *packet.frame);
    return outcome;
  };
  if (packet.dns_length < dns::kHeaderSize) return reject(ResponseOutcome::malformed);
  const uint16_t flags = dns::flags_of(packet.dns);
  if ((flags & dns::kFlagResponse) == 0 || (flags & dns::kOpcodeMask) != 0) return reject(ResponseOutcome::malformed);

  const uint16_t id = dns::id_of(packet.dns);
  const uint32_t index = lcore.pending.index_of(id);
  const state::PendingSlot& slot = lcore.pending.slot(index);
  if (!slot.open || slot.upstream_id != id) return reject(ResponseOutcome::unknown_id);
  const ResponseOutcome verdict = validate(packet, slot, lcore.pending.question(index));
  if (verdict != ResponseOutcome::returned) return reject(verdict);

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
  dns::store16(packet.dns, slot.client_id);
  if (!write_udp_frame(*packet.frame, packet.dns, packet.dns_length, headers)) return reject(ResponseOutcome::no_room);
  count_latency(lcore.counters.endpoints[slot.endpoint_slot], now - slot.sent_at);
  lcore.counters.rcodes[flags & dns::kRcodeMask].add(1);
  const uint8_t port = slot.port;
  lcore.pending.close(index);
  transmit(lcore, port, *packet.frame);
  return ResponseOutcome::returned;
}

}  // namespace penstock::path
