// dataplane/path/guard/guard.h - the last look at an endpoint's answer before its clients get it: does it give away private names?
//
// An answer for a private name must not lead out (path/guard/leak.h). One for any other name must not lead into a private zone:
// whoever answered it has asked somebody for the private name, and what stands behind it is not the private zone's answer.
#pragma once

#include "dataplane/path/flight/flight.h"
#include "dataplane/path/frame/packet.h"

namespace penstock::path {

enum class Verdict : uint8_t {
  passed,   // the clients get the message
  blocked,  // they get the message, which is now SERVFAIL, or NODATA where only addresses were withheld
  chased,   // the frame has left with another question: the flight goes on, and its earlier sends are forgotten
  no_room,  // the frame's buffer has no room for a SERVFAIL
};
struct Judgement {
  Verdict verdict;
  bool is_clean;  // passed without an alarm, so that it may be remembered
};

// `packet` is the answer of the endpoint in `endpoint_slot` to the flight's question. Judged by the rules in force now. The message's id
// stays.
Judgement guard(const Flight& flight, config::EndpointSlot endpoint_slot, Packet& packet);

}  // namespace penstock::path
