// dataplane/path/guard/chase.h - an answer that led into a private zone is completed from that zone's own pool.
//
// The open query goes on: the chain is kept as far as the link into the zone, and that link's target is asked of the zone's
// pool, with sends and retries of its own, within the client's one patience. The clients get one answer: their question, the
// chain, and what the pool says of its end.
#pragma once

#include "dataplane/path/flight/flight.h"
#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

constexpr unsigned kMostLinks = 32;  // of a chain that is completed; resolvers give no more than 30

// The answer in `packet`, to the client's question, leads into the private zone of `rule` at its `links`th link. True: the packet's frame has
// left with the question for that link's target, all earlier sends of the flight are given up. False: nothing has changed but, perhaps,
// the packet's message, and the clients are to get SERVFAIL.
bool start_chase(const Flight& flight, const config::ImageRule& rule, unsigned links, Packet& packet);

enum class Finish : uint8_t {
  done,        // the message in the packet is now the answer to the client's question
  failed,      // the pool has no answer, or the chain is too long: the clients are to get SERVFAIL
  unreadable,  // the same: a record cannot be read
};
// The answer in `packet`, to the client's question, leads at its `links`th link to a name that has local records: these go behind the
// chain. `group`: of the client.
Finish chase_locally(const Flight& flight, unsigned links, uint16_t group, Packet& packet);
// The answer in `packet`, to the end of the chain, has passed the guard. The id stays.
Finish finish_chase(const Flight& flight, Packet& packet);

}  // namespace penstock::path
