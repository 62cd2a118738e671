// dataplane/path/response/received.h - a response that fits an open query, and what was read of it.
#pragma once

#include "dataplane/dns/edns.h"
#include "dataplane/path/flight/flight.h"
#include "dataplane/path/frame/packet.h"

namespace penstock::path {

struct Received {
  const Flight& flight;
  const Packet& packet;
  unsigned number;  // of the send that it answers
  dns::Rcode rcode;
  bool has_question;
  dns::OptSearch opt_is;  // unreadable: it was not looked for
  dns::Opt opt;
  unsigned end;  // of the message without what stands behind its records, where the OPT was looked for

  state::PendingSend& answered() const { return flight.query.send(number); }
  bool came_over_tcp() const { return flight.lcore.host.is_stream(packet.port); }
  // Could it be the answer, if it says no error?
  bool is_whole() const {
    return flight.slot.opaque || packet.is_fragment || (has_question && opt_is != dns::OptSearch::wrong);
  }
  // An error that a server gives who does not know our OPT (RFC 6891 section 7).
  bool may_be_about_opt() const {
    return (answered().form & state::kSentOpt) != 0 && (rcode == dns::Rcode::formerr || rcode == dns::Rcode::notimp);
  }
};

Received read_response(const Flight& flight, const Packet& packet, unsigned number);

}  // namespace penstock::path
