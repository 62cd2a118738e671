#include "dataplane/path/response/response.h"

#include "dataplane/path/flight/flight.h"
#include "dataplane/path/frame/transmit.h"
#include "dataplane/path/response/distrust.h"
#include "dataplane/path/response/give.h"
#include "dataplane/path/response/loss.h"
#include "dataplane/path/response/received.h"
#include "dataplane/path/response/settle.h"
#include "dataplane/path/response/validate.h"

namespace penstock::path {

using config::ResponseOutcome;

namespace {

ResponseOutcome outcome_of(Validity validity) {
  switch (validity) {
    case Validity::wrong_endpoint:
      return ResponseOutcome::wrong_endpoint;
    case Validity::wrong_port:
      return ResponseOutcome::wrong_port;
    case Validity::wrong_question:
      return ResponseOutcome::wrong_question;
    case Validity::wrong_case:
      return ResponseOutcome::wrong_case;
    case Validity::good:
    case Validity::doubled:
      break;
  }
  return ResponseOutcome::unknown_id;
}

}  // namespace

void prepare_response(const state::Lcore& lcore, const Packet& packet) {
  if (packet.dns_length >= dns::kHeaderSize) lcore.flights.pending.prefetch(dns::id_of(packet.dns));
}

void narrow_response(const state::Lcore& lcore, const Packet& packet) {
  if (packet.dns_length < dns::kHeaderSize) return;
  lcore.flights.by_question.prefetch(
      lcore.flights.pending.slot(lcore.flights.pending.index_of(dns::id_of(packet.dns))).hash);
}

ResponseOutcome handle_response(state::Lcore& lcore, const Packet& packet) {
  const auto reject = [&](ResponseOutcome outcome) {
    discard(lcore, *packet.frame);
    return outcome;
  };
  if (packet.dns_length < dns::kHeaderSize)
    return is_loss(lcore, packet) ? handle_loss(lcore, packet) : reject(ResponseOutcome::malformed);
  const uint16_t flags = dns::flags_of(packet.dns);
  if ((flags & dns::kFlagResponse) == 0) return reject(ResponseOutcome::malformed);
  const uint16_t id = dns::id_of(packet.dns);
  const Flight flight(lcore, lcore.flights.pending.index_of(id));
  if (!flight.is_asked_as(id)) return distrust(lcore, packet, ResponseOutcome::unknown_id, nullptr);
  if (((flags ^ flight.query.traits.flags) & dns::kOpcodeMask) != 0) return reject(ResponseOutcome::malformed);

  const Validated validated = validate(flight, packet);
  if (validated.validity == Validity::doubled) return reject(ResponseOutcome::unknown_id);
  if (validated.validity != Validity::good) return distrust(lcore, packet, outcome_of(validated.validity), &flight);

  const Received received = read_response(flight, packet, validated.number);
  if (const auto outcome = settle(received)) return *outcome;
  return give(received);
}

}  // namespace penstock::path
