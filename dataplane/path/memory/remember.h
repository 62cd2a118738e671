// dataplane/path/memory/remember.h - what an endpoint said, or that nobody said anything, is remembered for the next who ask.
#pragma once

#include <span>

#include "dataplane/path/flight/flight.h"

namespace penstock::path {

// `message` is what the flight's clients get, as an endpoint said it and the guard let it pass: an answer, or a
// failure of the endpoint (RFC 9520). Its TTLs are brought within the pool's limits, and what became of it is counted. An answer
// that is not to be kept takes away what was remembered before it; so does one that is not clean, good for its clients alone.
void remember(const Flight& flight, std::span<uint8_t> message, bool is_clean);

// Nobody answered within the client's patience.
void remember_silence(const Flight& flight);

// An endpoint was heard, and said `rcode`. `endpoint_slot`: its slot.
void note_heard(state::Lcore& lcore, config::EndpointSlot endpoint_slot, dns::Rcode rcode);

}  // namespace penstock::path
