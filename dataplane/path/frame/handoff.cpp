#include "dataplane/path/frame/handoff.h"

#include "dataplane/path/frame/transmit.h"

namespace penstock::path {

config::HandoffOutcome hand_off(state::Lcore& lcore, const Packet& packet, state::Rings& rings, unsigned owner) {
  packet.frame->port = packet.port;
  if (rings.ring(lcore.index, owner).push(state::received(packet.frame))) return config::HandoffOutcome::handed_off;
  discard(lcore, *packet.frame);
  return config::HandoffOutcome::full;
}

config::DoorOutcome leave_to_kernel(state::Lcore& lcore, const Packet& packet, state::Rings& rings) {
  if (!lcore.host.ports[packet.port].has_door) {
    discard(lcore, *packet.frame);
    return config::DoorOutcome::left_to_kernel;
  }
  packet.frame->port = packet.port;
  if (rings.ring(lcore.index, rings.main_thread()).push(state::received(packet.frame)))
    return config::DoorOutcome::to_kernel;
  discard(lcore, *packet.frame);
  return config::DoorOutcome::full;
}

}  // namespace penstock::path
