// dataplane/housekeeping/doors.h - frames between lcores and the kernel where DPDK owns the card (net/kernel/door.h).
#pragma once

#include "dataplane/parts.h"

namespace penstock {

bool has_doors(net::Ports& ports);
// One burst each way through every door: how many frames. Frames from the kernel leave by the lcores' queues, over their rings.
unsigned move_through_doors(Parts& parts);

}  // namespace penstock
