#include "dataplane/path/response/validate.h"

#include <cstring>

#include "dataplane/dns/records.h"
#include "dataplane/dns/spelling.h"

namespace penstock::path {
namespace {

// Owners that the server wrote out, where others point at the question, are in the letters that we drew, or in its own.
void spell_owners(const Packet& packet, const Asked& asked) {
  const std::span<uint8_t> message(packet.dns, packet.dns_length);
  const unsigned name_length = asked.question_length - 4U;
  dns::Records records(message, dns::kHeaderSize + asked.question_length);
  for (dns::Record record; records.next(record);)
    if (size_t{record.owner} + name_length <= message.size() &&
        dns::is_same_name(&message[record.owner], asked.question(), name_length))
      std::memcpy(&message[record.owner], asked.question(), name_length);
}

// Which send the addresses and ports fit.
Validated find_send(const Flight& flight, const Packet& packet) {
  const bool over_tcp = flight.lcore.host.is_stream(packet.port);
  Validity validity = Validity::wrong_endpoint;
  for (unsigned i = 0; i < flight.slot.sends; ++i) {
    const state::PendingSend& send = flight.query.send(i);
    if (packet.family != send.family || packet.source != send.endpoint || packet.destination != send.source) continue;
    validity = Validity::wrong_port;
    if (packet.destination_port == send.source_port && over_tcp == send.over_tcp) return {Validity::good, i};
  }
  return {validity, 0};
}

// RFC 2136 section 3.8: the answer to an UPDATE may leave its sections out. A server that fails may give no more than a header. What is
// passed on as it came has either its question or nothing that the guard would have to look at.
bool may_be_without_question(const Flight& flight, const Packet& packet) {
  const bool is_header = packet.dns_length == dns::kHeaderSize;
  return dns::qdcount_of(packet.dns) == 0 && !packet.is_fragment && (!flight.slot.opaque || is_header);
}

// Brings the question into the spelling that the client gave it: what is sent back to it, and what was asked.
Validity match_question(const Flight& flight, const Packet& packet, const state::PendingSend& answered) {
  const Asked asked = flight.asked();
  if (packet.dns_length < dns::kHeaderSize + asked.question_length) return Validity::wrong_question;
  uint8_t* question = packet.dns + dns::kHeaderSize;
  const unsigned name_length = asked.question_length - 4U;
  bool in_other_letters = (answered.form & state::kSentRandomCase) != 0;
  if (in_other_letters) dns::flip_case(question, name_length, flight.query.case_bits);
  if (std::memcmp(question, asked.question(), asked.question_length) != 0) {
    if (std::memcmp(question + name_length, asked.question() + name_length, 4) != 0 ||
        !dns::is_same_name(question, asked.question(), name_length))
      return Validity::wrong_question;
    // RFC 4343 section 3: the same name. Letters tell something only where they were drawn.
    if (in_other_letters) return Validity::wrong_case;
    in_other_letters = !flight.slot.opaque;  // a signature covers them
    if (in_other_letters) std::memcpy(question, asked.question(), name_length);
  }
  if (in_other_letters) spell_owners(packet, asked);
  return Validity::good;
}

}  // namespace

Validated validate(const Flight& flight, const Packet& packet) {
  Validated found = find_send(flight, packet);
  if (found.validity != Validity::good) return found;
  const state::PendingSend& answered = flight.query.send(found.number);
  if (dns::qdcount_of(packet.dns) == 1)
    found.validity = match_question(flight, packet, answered);
  else if (!may_be_without_question(flight, packet))
    found.validity = Validity::wrong_question;
  if (found.validity == Validity::good && answered.answered) found.validity = Validity::doubled;
  return found;
}

}  // namespace penstock::path
