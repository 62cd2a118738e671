#include "dataplane/path/flight/retry.h"

#include <algorithm>
#include <array>

#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/buffer.h"

namespace penstock::path {
namespace {

using config::ResponseOutcome;
using config::RetryOutcome;

// The pool that the rules in force give the question of the first client; nullptr: they do not forward it any more, or others
// have joined by rules before and may have another pool now.
const config::ImagePool* pool_of(const Flight& flight) {
  if (flight.lcore.rules == nullptr) return nullptr;
  const tables::Ruleset& rules = *flight.lcore.rules;
  const Asked asked = flight.asked();
  dns::FoldedName name;
  if (!dns::parse_name({asked.question(), asked.question_length}, name)) return nullptr;
  if (flight.slot.waiters != 0 && flight.query.key.generation != rules.header().generation &&
      rules.depends_on_client(name))
    return nullptr;
  config::RuleIndex number{};
  const uint16_t group = rules.viewing_group(flight.slot.client.data(), flight.slot.client_family);
  const config::ImageRule* rule = rules.forwarding_rule(name, group, number);
  return rule == nullptr ? nullptr : &rules.pool(rule->pool);
}

// The slots of the endpoints that it has been sent to.
class Tried {
 public:
  explicit Tried(const Flight& flight) : count_(std::min<unsigned>(flight.slot.sends, state::kMaxSends)) {
    for (unsigned i = 0; i < count_; ++i) slots_[i] = flight.query.send(i).endpoint_slot;
  }
  std::span<const config::EndpointSlot> all() const { return {slots_.data(), count_}; }
  bool holds(config::EndpointSlot slot) const {
    for (unsigned i = 0; i < count_; ++i)
      if (slots_[i] == slot) return true;
    return false;
  }

 private:
  std::array<config::EndpointSlot, state::kMaxSends> slots_{};
  unsigned count_;
};

Choice choose_next(const Flight& flight, const config::ImagePool& pool, const Tried& tried) {
  return choose_endpoint(flight.lcore, pool, tried.all(), flight.slot.client, flight.slot.client_family);
}

bool has_retry_left(const Flight& flight, const config::ImagePool& pool) {
  state::Endpoints& endpoints = flight.lcore.endpoints;
  return endpoints.retry_budget.has_left(endpoints.hops.owner_of(pool), flight.lcore.now);
}
void spend_retry(const Flight& flight, const config::ImagePool& pool) {
  state::Endpoints& endpoints = flight.lcore.endpoints;
  endpoints.retry_budget.spend(endpoints.hops.owner_of(pool), flight.lcore.now);
}

// In `frame`, of an endpoint that was not asked yet. False, and nothing has changed: there is none, or it may not be.
bool ask_next(const Flight& flight, const config::ImagePool& pool, rte_mbuf& frame, bool is_retry) {
  state::Lcore& lcore = flight.lcore;
  const Asked question = flight.asked();
  if (flight.slot.sends == state::kMaxSends || question.message_length == 0 ||
      !fits_fresh(frame, question.message_length))
    return false;
  const Tried tried(flight);
  const auto is_new = [&](config::EndpointIndex endpoint) { return !tried.holds(lcore.endpoints.hops[endpoint].slot); };
  bool any = false;
  for (const config::EndpointIndex i : pool.endpoints()) any = any || is_new(i);
  if (!any) return false;
  if (is_retry && !has_retry_left(flight, pool)) {
    lcore.counters.retry[RetryOutcome::over_budget].add(1);
    return false;
  }
  const Choice choice = choose_next(flight, pool, tried);
  if (choice.obstacle == Obstacle::over_budget) lcore.counters.retry[RetryOutcome::over_rate_budget].add(1);
  if (choice.endpoint == kNoEndpoint || !is_new(choice.endpoint)) return false;
  if (!send(flight, {pool, choice.endpoint}, copy_to_fresh(frame, question.whole()))) return false;
  if (is_retry) spend_retry(flight, pool);
  return true;
}

// Over UDP after TCP and the other way round where it may be, so that a client over TCP depends on neither.
Transport next_transport(const Flight& flight) {
  return may_go_by_udp(flight) && flight.last_send().over_tcp ? Transport::udp : Transport::as_flight;
}

// The endpoint of the pool that has the slot, or kNoEndpoint.
config::EndpointIndex endpoint_in(const state::Lcore& lcore, const config::ImagePool& pool, config::EndpointSlot slot) {
  for (const config::EndpointIndex i : pool.endpoints())
    if (lcore.endpoints.hops[i].slot == slot) return i;
  return kNoEndpoint;
}

bool take_budget(const Flight& flight, const state::EndpointHop& hop) {
  state::Lcore& lcore = flight.lcore;
  return lcore.endpoints.leases.take(lcore.endpoints.budgets, hop.slot, hop.budget, lcore.now);
}

}  // namespace

RetryOutcome retry(const Flight& flight) {
  state::Lcore& lcore = flight.lcore;
  const Asked question = flight.asked();
  if (question.message_length == 0) return RetryOutcome::too_long;
  if (flight.slot.opaque) return RetryOutcome::no_endpoint;
  const config::ImagePool* pool = pool_of(flight);
  if (pool == nullptr) return RetryOutcome::no_endpoint;
  if (!has_retry_left(flight, *pool)) return RetryOutcome::over_budget;
  const Choice choice = choose_next(flight, *pool, Tried(flight));
  if (choice.obstacle == Obstacle::over_budget) return RetryOutcome::over_rate_budget;
  if (choice.endpoint == kNoEndpoint) return RetryOutcome::no_endpoint;

  const state::PendingSend overdue = flight.last_send();
  if (!send_copy(flight, {*pool, choice.endpoint}, question.whole(), next_transport(flight)))
    return RetryOutcome::no_frame;
  spend_retry(flight, *pool);
  count_timeout(lcore, overdue);
  return RetryOutcome::sent;
}

bool ask_over_tcp(const Flight& flight, unsigned number, bool must, rte_mbuf& frame) {
  state::Lcore& lcore = flight.lcore;
  const Asked question = flight.asked();
  // An update is not sent twice.
  if (flight.slot.opaque || question.message_length == 0 || !fits_fresh(frame, question.message_length)) return false;
  const config::ImagePool* pool = pool_of(flight);
  if (pool == nullptr || (!must && (pool->edns & config::kEdnsResolveTc) == 0)) return false;
  const state::PendingSend& cut = flight.query.send(number);
  const config::EndpointIndex endpoint = endpoint_at(lcore, *pool, cut.endpoint, cut.family);
  if (endpoint == kNoEndpoint) return false;
  // For the endpoint it is one query more.
  const state::EndpointHop& hop = lcore.endpoints.hops[endpoint];
  if (!take_budget(flight, hop)) {
    lcore.counters.endpoints[hop.slot].over_budget.add(1);
    return false;
  }
  return send(flight, {*pool, endpoint}, copy_to_fresh(frame, question.whole()),
              {.number = static_cast<uint8_t>(number), .transport = Transport::tcp});
}

bool ask_another(const Flight& flight, bool had_left, rte_mbuf& frame) {
  if (flight.slot.opaque || (may_go_by_udp(flight) && flight.slot.sends + 1U == state::kMaxSends)) return false;
  const config::ImagePool* pool = pool_of(flight);
  // What was never sent costs the pool nothing more.
  return pool != nullptr && ask_next(flight, *pool, frame, had_left);
}

bool ask_by_udp(const Flight& flight, bool had_left) {
  const Asked question = flight.asked();
  if (!may_go_by_udp(flight) || flight.slot.sends == state::kMaxSends || question.message_length == 0) return false;
  const config::ImagePool* pool = pool_of(flight);
  if (pool == nullptr || (had_left && !has_retry_left(flight, *pool))) return false;
  const Choice choice = choose_next(flight, *pool, Tried(flight));
  if (choice.endpoint == kNoEndpoint ||
      !send_copy(flight, {*pool, choice.endpoint}, question.whole(), next_transport(flight)))
    return false;
  if (had_left) spend_retry(flight, *pool);
  return true;
}

bool ask_without_opt(const Flight& flight, unsigned number, rte_mbuf& frame) {
  state::Lcore& lcore = flight.lcore;
  const Asked question = flight.asked();
  if (question.message_length == 0 || !fits_fresh(frame, question.message_length)) return false;
  const config::ImagePool* pool = pool_of(flight);
  if (pool == nullptr) return false;
  const config::EndpointIndex endpoint = endpoint_in(lcore, *pool, flight.query.send(number).endpoint_slot);
  if (endpoint == kNoEndpoint || !lcore.endpoints.hops[endpoint].reachable) return false;
  if (!take_budget(flight, lcore.endpoints.hops[endpoint])) return false;
  return send(flight, {*pool, endpoint}, copy_to_fresh(frame, question.whole()),
              {.number = static_cast<uint8_t>(number), .with_opt = false});
}

std::optional<ResponseOutcome> try_others(const Flight& flight, unsigned number, dns::Rcode rcode, rte_mbuf& frame) {
  const uint8_t wanted = rcode == dns::Rcode::servfail ? config::kRetryOnServfail : config::kRetryOnRefused;
  const config::ImagePool* pool = pool_of(flight);
  if (pool == nullptr || (pool->retry_on & wanted) == 0 || flight.slot.opaque) return std::nullopt;

  const bool tried = ask_next(flight, *pool, frame, true);
  bool is_owed_by_other = false;
  for (unsigned i = 0; i < flight.slot.sends; ++i)
    is_owed_by_other = is_owed_by_other || (i != number && !flight.query.send(i).answered);
  if (!tried && !is_owed_by_other) return std::nullopt;
  settle_send(flight, number);
  if (tried) return ResponseOutcome::tried_next;
  flight.query.failed = static_cast<uint8_t>(rcode);
  return ResponseOutcome::held_back;
}

}  // namespace penstock::path
