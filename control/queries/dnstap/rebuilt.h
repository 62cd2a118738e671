// control/queries/dnstap/rebuilt.h - the DNS messages of a decision, put together again from what it knows: header, question and OPT. The
// records of an answer are not known.
#pragma once

#include <cstdint>
#include <vector>

#include "config/contract/decisions/decision_ring.h"

namespace penstock::control {

// Size that a rebuilt OPT has: the client's own is not known (RFC 6891 section 6.2.3, DNS Flag Day 2020).
constexpr uint16_t kRebuiltUdpSize = 1232;

// In the place of what `message` held. A query without a name that could be read has no question.
void rebuild_query(std::vector<uint8_t>& message, const config::NotedDecision&);
// With the decision's rcode, which it must have. QR and RA are set, TC as the client got it; an extended error (RFC 8914) where the query had
// an OPT.
void rebuild_response(std::vector<uint8_t>& message, const config::NotedDecision&);

}  // namespace penstock::control
