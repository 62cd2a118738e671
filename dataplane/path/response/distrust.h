// dataplane/path/response/distrust.h - responses that fit no query, or one but in part: late and doubled ones, and those of a forger who guesses.
//
// A forger must hit id, port, question and, where they are drawn, letters (RFC 5452). The third response that hits the id of a query
// and nothing more, or the first that has all but the letters, or any while its endpoint is under suspicion (state/endpoints/odd_responses.h), ends
// UDP for that query: it is asked over TCP, where nothing is to be guessed in time, and what still comes over UDP counts no more.
#pragma once

#include "dataplane/path/flight/flight.h"
#include "dataplane/path/frame/packet.h"

namespace penstock::path {

// `packet` was rejected as `verdict` says: the response to no query (nullptr), or to that one. The frame is taken.
config::ResponseOutcome distrust(state::Lcore& lcore, const Packet& packet, config::ResponseOutcome verdict,
                                 const Flight* flight);

}  // namespace penstock::path
