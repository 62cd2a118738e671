// dataplane/path/response/give.h - an endpoint's answer becomes the clients': made ours, judged, remembered, sent.
#pragma once

#include "config/contract/counters.h"
#include "dataplane/path/response/received.h"

namespace penstock::path {

// The flight is over, unless the guard has had another question asked for it. The frame has left or is discarded.
config::ResponseOutcome give(const Received& received);

}  // namespace penstock::path
