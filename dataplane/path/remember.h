// dataplane/path/remember.h - what an endpoint said, or that nobody said anything, is remembered for the next who ask.
#pragma once

#include <span>

#include "dataplane/state/lcore.h"

namespace penstock::path {

// `message` is what the clients of the open query `index` get, as an endpoint said it and the guard let it pass: an answer, or a
// failure of the endpoint (RFC 9520). What became of it is counted. `now` in ns.
void remember(state::Lcore& lcore, uint32_t index, std::span<const uint8_t> message, uint64_t now);

// Nobody answered the open query `index` within the client's patience.
void remember_silence(state::Lcore& lcore, uint32_t index, uint64_t now);

// An endpoint was heard, whatever it said. `endpoint_slot`: its slot.
void note_heard(state::Lcore& lcore, uint16_t endpoint_slot, uint64_t now);

}  // namespace penstock::path
