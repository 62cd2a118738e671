// dataplane/path/response/settle.h - is a response the last word on its question, or is the endpoint, or another one, asked again?
#pragma once

#include <optional>

#include "config/contract/counters.h"
#include "dataplane/path/response/received.h"

namespace penstock::path {

// Counts the response as its endpoint's, and asks again where it is no answer: without our OPT, over TCP, or another endpoint. Then the
// frame has left or is discarded. Nothing: the answer is the clients'.
std::optional<config::ResponseOutcome> settle(const Received& received);

// The response is of no use, and the endpoint's failure: the next one is asked at once. The frame has left or is discarded.
config::ResponseOutcome pass_over(const Received& received);

}  // namespace penstock::path
