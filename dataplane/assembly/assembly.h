// dataplane/assembly/assembly.h - the steps of a start in their order, and the end. Each step needs what the ones before it made.
#pragma once

#include <string>

#include <tl/expected.hpp>

#include "dataplane/housekeeping/capture_keeper.h"
#include "dataplane/housekeeping/response_filter.h"
#include "dataplane/parts.h"

namespace penstock::assembly {

using Step = tl::expected<void, std::string>;  // the error says what failed and what would help

Step open_ports(Parts& parts);     // the EAL, the pools, the ports
Step describe_host(Parts& parts);  // who we are: addresses, MACs, source ports
Step make_pages(Parts& parts);
void make_workers(Parts& parts);
// Before the privileges of start-up are dropped: port 53 needs one.
void open_slow_lane(Parts& parts);
Step load_last_good(Parts& parts, ResponseFilter& filter);
Step open_link(Parts& parts, ResponseFilter& filter, CaptureKeeper& capture);
void launch(Parts& parts);

// Whatever of it is there.
void take_apart(Parts& parts);

}  // namespace penstock::assembly
