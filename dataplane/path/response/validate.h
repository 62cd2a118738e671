// dataplane/path/response/validate.h - does a response fit an open query? Id, addresses, port and the question's exact bytes (RFC 5452
// section 9.1).
#pragma once

#include "dataplane/path/flight/flight.h"
#include "dataplane/path/frame/packet.h"

namespace penstock::path {

enum class Validity : uint8_t {
  good,
  doubled,  // that send was answered before
  wrong_endpoint,
  wrong_port,
  wrong_question,
  wrong_case,  // the question in other letters than those that we drew
};

struct Validated {
  Validity validity;
  unsigned number;  // of the send that it answers; valid when good or doubled
};

// Of a response with the id of the flight. Its question, and owners that repeat the question's name, are then in the client's spelling.
Validated validate(const Flight& flight, const Packet& packet);

}  // namespace penstock::path
