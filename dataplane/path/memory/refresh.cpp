#include "dataplane/path/memory/refresh.h"

#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/flight/start.h"

namespace penstock::path {
namespace {

using config::RefreshOutcome;

RefreshOutcome ask(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key, const config::ImagePool& pool,
                   uint64_t patience) {
  // Nothing is spent without a frame: neither a rate budget, nor a silent endpoint's trial.
  if (lcore.frames.fresh.size() == 0) return RefreshOutcome::no_frame;
  if (to_endpoints(work, pool) != Rewritten::done) return RefreshOutcome::no_frame;
  const Packet& packet = work.packet;
  const Choice choice = choose_endpoint(lcore, pool, {}, {}, packet.family);
  if (choice.obstacle != Obstacle::none) return RefreshOutcome::no_endpoint;
  const Started started = start(lcore, work, key, pool, [&](const Flight& flight) {
    flight.slot.background = 1;
    flight.slot.asked_at = lcore.now + patience - lcore.query_timeout_ns;  // its end, less what a client waits
    flight.slot.client_port = 0;                                           // is no client's
    return send_copy(flight, {pool, choice.endpoint}, {packet.dns, packet.dns_length});
  });
  switch (started) {
    case Started::yes:
      return RefreshOutcome::sent;
    case Started::full:
      return RefreshOutcome::pending_full;
    case Started::unsent:
      break;
  }
  return RefreshOutcome::no_frame;
}

}  // namespace

void refresh(state::Lcore& lcore, QueryWork& work, const state::QuestionKey& key, const config::ImagePool& pool,
             uint64_t patience) {
  if (is_in_flight(lcore, work, key)) return;
  lcore.counters.refresh[ask(lcore, work, key, pool, patience)].add(1);
}

}  // namespace penstock::path
