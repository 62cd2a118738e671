#include "dataplane/path/response/received.h"

namespace penstock::path {

Received read_response(const Flight& flight, const Packet& packet, unsigned number) {
  Received received{.flight = flight,
                    .packet = packet,
                    .number = number,
                    .rcode = static_cast<dns::Rcode>(dns::flags_of(packet.dns) & dns::kRcodeMask),
                    .has_question = dns::qdcount_of(packet.dns) == 1,
                    .opt_is = dns::OptSearch::unreadable,
                    .opt = {},
                    .end = 0};
  if (received.has_question && !flight.slot.opaque) {
    const unsigned begin = dns::kHeaderSize + flight.asked().question_length;
    received.opt_is = dns::find_opt({packet.dns, packet.dns_length}, begin, received.opt, received.end);
  }
  return received;
}

}  // namespace penstock::path
