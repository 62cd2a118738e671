#include "dataplane/path/memory/refresh.h"

#include <cstring>

#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/join.h"
#include "dataplane/path/flight/open.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/headers.h"

namespace penstock::path {
namespace {

using config::RefreshOutcome;

RefreshOutcome ask(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key, const config::ImagePool& pool,
                   rte_mbuf& frame, uint64_t patience) {
  if (to_endpoints(work, pool) != Rewritten::done) return RefreshOutcome::no_frame;
  const Packet& packet = work.packet;
  if (frame.buf_len < kMessageOffset + packet.dns_length) return RefreshOutcome::no_frame;
  const Choice choice = choose_endpoint(lcore, pool, {}, {}, packet.family);
  if (choice.obstacle != Obstacle::none) return RefreshOutcome::no_endpoint;
  const uint32_t index = open(lcore, work, pool);
  if (index == state::PendingTable::kNone) return RefreshOutcome::pending_full;
  state::PendingSlot& slot = lcore.pending.slot(index);
  slot.background = 1;
  slot.asked_at = lcore.now + patience - lcore.query_timeout_ns;  // its end, less what a client waits
  slot.client_port = 0;                                           // is no client's
  uint8_t* message = static_cast<uint8_t*>(frame.buf_addr) + kMessageOffset;
  std::memcpy(message, packet.dns, packet.dns_length);
  if (!send(lcore, index, pool, choice.endpoint, frame, message, packet.dns_length)) {
    abandon(lcore, index);
    return RefreshOutcome::no_frame;
  }
  enter(lcore, work, key, index);
  lcore.retry_budget.count_query(pool.first_endpoint, lcore.now);
  return RefreshOutcome::sent;
}

}  // namespace

void refresh(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key, const config::ImagePool& pool,
             uint64_t patience) {
  if (is_in_flight(lcore, work, key)) return;
  RefreshOutcome outcome = RefreshOutcome::no_frame;
  if (rte_mbuf* frame = lcore.fresh.pop(); frame != nullptr) {
    outcome = ask(lcore, work, key, pool, *frame, patience);
    if (outcome != RefreshOutcome::sent) lcore.fresh.push(frame);
  }
  lcore.counters.refresh[outcome].add(1);
}

}  // namespace penstock::path
