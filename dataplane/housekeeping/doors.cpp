#include "dataplane/housekeeping/doors.h"

#include <rte_mbuf.h>

#include <array>

#include "dataplane/net/kernel/door.h"

namespace penstock {
namespace {

unsigned move_to_kernel(Parts& parts, unsigned lcore) {
  std::array<uintptr_t, state::kBurst> items;
  const size_t count = parts.rings->ring(lcore, parts.rings->main_thread()).pop(items.data(), items.size());
  for (size_t i = 0; i < count; ++i) {
    rte_mbuf* frame = state::frame_of(items[i]);
    if (parts.ports->door(frame->port)->deliver({&frame, 1}) == 0) parts.pages->counters().door_lost.add(1);
  }
  return static_cast<unsigned>(count);
}

unsigned move_from_kernel(Parts& parts, uint8_t port) {
  net::Door* door = parts.ports->door(port);
  if (door == nullptr) return 0;
  config::CounterPage& counters = parts.pages->counters();
  state::FrameRing& exit = parts.rings->ring(parts.rings->main_thread(), parts.exit_of_port[port]);
  std::array<rte_mbuf*, state::kBurst> frames;
  const uint16_t count = door->collect(frames.data(), state::kBurst, parts.pool.get());
  for (uint16_t i = 0; i < count; ++i) {
    frames[i]->port = port;
    const bool passed = exit.push(state::for_egress(frames[i]));
    (passed ? counters.door_sent : counters.door_lost).add(1);
    if (!passed) rte_pktmbuf_free(frames[i]);
  }
  return count;
}

}  // namespace

bool has_doors(net::Ports& ports) {
  for (size_t port = 0; port < ports.all().size(); ++port)
    if (ports.door(port) != nullptr) return true;
  return false;
}

unsigned move_through_doors(Parts& parts) {
  unsigned moved = 0;
  for (unsigned lcore = 0; lcore < parts.workers.size(); ++lcore) moved += move_to_kernel(parts, lcore);
  for (uint8_t port = 0; port < parts.ports->all().size(); ++port) moved += move_from_kernel(parts, port);
  return moved;
}

}  // namespace penstock
