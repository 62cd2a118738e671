// dataplane/path/frame/handoff.h - a response that another lcore owns goes to it; a stranger goes to the kernel's door.
#pragma once

#include "dataplane/path/frame/packet.h"
#include "dataplane/state/lanes/rings.h"
#include "dataplane/state/lcore.h"

namespace penstock::path {

// `owner`: of the response's destination port, not this lcore.
config::HandoffOutcome hand_off(state::Lcore& lcore, const Packet& packet, state::Rings& rings, unsigned owner);

config::DoorOutcome leave_to_kernel(state::Lcore& lcore, const Packet& packet, state::Rings& rings);

}  // namespace penstock::path
