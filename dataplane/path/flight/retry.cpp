#include "dataplane/path/flight/retry.h"

#include <algorithm>
#include <cstring>

#include "dataplane/path/choose/choose_endpoint.h"
#include "dataplane/path/flight/flight.h"
#include "dataplane/path/flight/send.h"
#include "dataplane/path/frame/headers.h"
#include "dataplane/path/frame/transmit.h"

namespace penstock::path {
namespace {

using config::ResponseOutcome;
using config::RetryOutcome;

// The pool that the rules in force give the question of the first client; nullptr: they do not forward it any more, or others
// have joined by rules before and may have another pool now.
const config::ImagePool* pool_of(const tables::Ruleset& rules, const state::PendingSlot& slot,
                                 const state::PendingQuery& query, const Asked& asked) {
  dns::FoldedName name;
  if (!dns::parse_name({asked.question(), asked.question_length}, name)) return nullptr;
  if (slot.waiters != 0 && query.key.generation != rules.header().generation && rules.depends_on_client(name))
    return nullptr;
  uint32_t number = 0;
  const config::ImageRule* rule =
      rules.forwarding_rule(name, rules.viewing_group(slot.client.data(), slot.client_family), number);
  return rule == nullptr ? nullptr : &rules.pool(rule->pool);
}

// Whom it has been sent to.
struct Tried {
  std::array<uint16_t, state::kMaxSends> slots;
  unsigned count;

  std::span<const uint16_t> all() const { return {slots.data(), count}; }
  bool holds(uint16_t slot) const {
    return std::find(slots.begin(), slots.begin() + count, slot) != slots.begin() + count;
  }
};

Tried tried_for(const state::PendingSlot& slot, const state::PendingQuery& query) {
  Tried tried;
  for (tried.count = 0; tried.count < slot.sends; ++tried.count)
    tried.slots[tried.count] = query.send(tried.count).endpoint_slot;
  return tried;
}

// In `frame`, of an endpoint that was not asked yet. False, and nothing has changed: there is none, or it may not be.
bool ask_next(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, const Asked& question,
              rte_mbuf& frame, bool is_retry = true) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  if (slot.sends == state::kMaxSends || question.message_length == 0 ||
      frame.buf_len < kMessageOffset + question.message_length)
    return false;
  const Tried tried = tried_for(slot, lcore.pending.query(index));
  const auto is_new = [&](uint32_t endpoint) { return !tried.holds(lcore.hops[endpoint].slot); };
  bool any = false;
  for (uint32_t i = 0; i < pool.endpoint_count; ++i) any = any || is_new(pool.first_endpoint + i);
  if (!any) return false;
  if (is_retry && !lcore.retry_budget.has_left(pool.first_endpoint, lcore.now)) {
    lcore.counters.retry[RetryOutcome::over_budget].add(1);
    return false;
  }
  const Choice choice = choose_endpoint(lcore, pool, tried.all(), slot.client, slot.client_family);
  if (choice.obstacle == Obstacle::over_budget) lcore.counters.retry[RetryOutcome::over_rate_budget].add(1);
  if (choice.endpoint == kNoEndpoint || !is_new(choice.endpoint)) return false;

  uint8_t* message = static_cast<uint8_t*>(frame.buf_addr) + kMessageOffset;
  std::memcpy(message, question.message, question.message_length);
  if (!send(lcore, index, pool, choice.endpoint, frame, message, question.message_length)) return false;
  if (is_retry) lcore.retry_budget.spend(pool.first_endpoint, lcore.now);
  return true;
}

// In a fresh frame; over UDP after TCP and the other way round where it may be, so that who asks over TCP depends on neither.
bool send_copy(state::Lcore& lcore, uint32_t index, const config::ImagePool& pool, uint32_t endpoint,
               const Asked& question) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  if (may_go_by_udp(slot) && lcore.pending.query(index).send(slot.sends - 1U).over_tcp)
    return send_by_udp(lcore, index, pool, endpoint, {question.message, question.message_length});
  rte_mbuf* frame = lcore.fresh.pop();
  if (frame == nullptr) return false;
  uint8_t* message = static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset;
  std::memcpy(message, question.message, question.message_length);
  if (send(lcore, index, pool, endpoint, *frame, message, question.message_length)) return true;
  discard(lcore, *frame);
  return false;
}

}  // namespace

RetryOutcome retry(state::Lcore& lcore, uint32_t index) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  const state::PendingQuery& query = lcore.pending.query(index);
  const Asked question = asked_of(lcore, slot, query);
  if (question.message_length == 0) return RetryOutcome::too_long;
  if (slot.opaque) return RetryOutcome::no_endpoint;
  const config::ImagePool* pool = lcore.rules == nullptr ? nullptr : pool_of(*lcore.rules, slot, query, question);
  if (pool == nullptr) return RetryOutcome::no_endpoint;

  const Tried tried = tried_for(slot, query);
  if (!lcore.retry_budget.has_left(pool->first_endpoint, lcore.now)) return RetryOutcome::over_budget;
  const Choice choice = choose_endpoint(lcore, *pool, tried.all(), slot.client, slot.client_family);
  if (choice.obstacle == Obstacle::over_budget) return RetryOutcome::over_rate_budget;
  if (choice.endpoint == kNoEndpoint) return RetryOutcome::no_endpoint;

  const state::PendingSend overdue = query.send(slot.sends - 1U);
  if (!send_copy(lcore, index, *pool, choice.endpoint, question)) return RetryOutcome::no_frame;
  lcore.retry_budget.spend(pool->first_endpoint, lcore.now);
  count_timeout(lcore, overdue);
  return RetryOutcome::sent;
}

bool ask_over_tcp(state::Lcore& lcore, uint32_t index, unsigned number, bool must, rte_mbuf& frame) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  const state::PendingQuery& query = lcore.pending.query(index);
  const Asked question = asked_of(lcore, slot, query);
  // An update is not sent twice.
  if (lcore.rules == nullptr || slot.opaque || question.message_length == 0 ||
      frame.buf_len < kMessageOffset + question.message_length)
    return false;
  const config::ImagePool* pool = pool_of(*lcore.rules, slot, query, question);
  if (pool == nullptr || (!must && (pool->edns & config::kEdnsResolveTc) == 0)) return false;
  const state::PendingSend& cut = query.send(number);
  const uint32_t endpoint = endpoint_at(lcore, *pool, cut.endpoint, cut.family);
  if (endpoint == kNoEndpoint) return false;
  // For the endpoint it is one query more.
  const state::EndpointHop& hop = lcore.hops[endpoint];
  if (!lcore.leases.take(lcore.budgets, hop.slot, hop.budget, lcore.now)) {
    lcore.counters.endpoints[hop.slot].over_budget.add(1);
    return false;
  }
  uint8_t* message = static_cast<uint8_t*>(frame.buf_addr) + kMessageOffset;
  std::memcpy(message, question.message, question.message_length);
  return send_over_tcp(lcore, index, *pool, endpoint, number, frame, message, question.message_length);
}

bool ask_another(state::Lcore& lcore, uint32_t index, bool had_left, rte_mbuf& frame) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  const state::PendingQuery& query = lcore.pending.query(index);
  const Asked question = asked_of(lcore, slot, query);
  if (may_go_by_udp(slot) && slot.sends + 1U == state::kMaxSends) return false;
  const config::ImagePool* pool = lcore.rules == nullptr ? nullptr : pool_of(*lcore.rules, slot, query, question);
  // What was never sent costs the pool nothing more.
  return pool != nullptr && !slot.opaque && ask_next(lcore, index, *pool, question, frame, had_left);
}

bool ask_by_udp(state::Lcore& lcore, uint32_t index, bool had_left) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  const state::PendingQuery& query = lcore.pending.query(index);
  const Asked question = asked_of(lcore, slot, query);
  if (!may_go_by_udp(slot) || slot.sends == state::kMaxSends || question.message_length == 0) return false;
  const config::ImagePool* pool = lcore.rules == nullptr ? nullptr : pool_of(*lcore.rules, slot, query, question);
  if (pool == nullptr || (had_left && !lcore.retry_budget.has_left(pool->first_endpoint, lcore.now))) return false;
  const Tried tried = tried_for(slot, query);
  const Choice choice = choose_endpoint(lcore, *pool, tried.all(), slot.client, slot.client_family);
  if (choice.endpoint == kNoEndpoint || !send_copy(lcore, index, *pool, choice.endpoint, question)) return false;
  if (had_left) lcore.retry_budget.spend(pool->first_endpoint, lcore.now);
  return true;
}

bool ask_without_opt(state::Lcore& lcore, uint32_t index, state::PendingSend& answered, rte_mbuf& frame) {
  state::PendingSlot& slot = lcore.pending.slot(index);
  const Asked question = asked_of(lcore, slot, lcore.pending.query(index));
  if (question.message_length == 0 || frame.buf_len < kMessageOffset + question.message_length) return false;
  const config::ImagePool* pool =
      lcore.rules == nullptr ? nullptr : pool_of(*lcore.rules, slot, lcore.pending.query(index), question);
  if (pool == nullptr) return false;
  const uint32_t end = pool->first_endpoint + pool->endpoint_count;
  uint32_t endpoint = pool->first_endpoint;
  while (endpoint != end && lcore.hops[endpoint].slot != answered.endpoint_slot) ++endpoint;
  if (endpoint == end || !lcore.hops[endpoint].reachable) return false;
  const state::EndpointHop& hop = lcore.hops[endpoint];
  if (!lcore.leases.take(lcore.budgets, hop.slot, hop.budget, lcore.now)) return false;

  uint8_t* message = static_cast<uint8_t*>(frame.buf_addr) + kMessageOffset;
  std::memcpy(message, question.message, question.message_length);
  // In the place of the send that was answered.
  const unsigned sends = slot.sends;
  unsigned number = 0;
  while (&lcore.pending.query(index).send(number) != &answered) ++number;
  slot.sends = static_cast<uint8_t>(number & 7);
  const bool sent = send(lcore, index, *pool, endpoint, frame, message, question.message_length, false);
  slot.sends = static_cast<uint8_t>(sends & 7);
  if (!sent) return false;
  --lcore.outstanding[hop.slot];  // what was answered
  if (sends == state::kMaxSends) lcore.pending.schedule(index, end_of_patience(lcore, slot));
  return true;
}

ResponseOutcome try_others(state::Lcore& lcore, uint32_t index, state::PendingSend& answered, dns::Rcode rcode,
                           rte_mbuf& frame) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  state::PendingQuery& query = lcore.pending.query(index);
  const Asked question = asked_of(lcore, slot, query);
  const config::ImagePool* pool = lcore.rules == nullptr ? nullptr : pool_of(*lcore.rules, slot, query, question);
  const uint8_t wanted = rcode == dns::Rcode::servfail ? config::kRetryOnServfail : config::kRetryOnRefused;
  if (pool == nullptr || (pool->retry_on & wanted) == 0 || slot.opaque) return ResponseOutcome::returned;

  const bool tried = ask_next(lcore, index, *pool, question, frame);
  bool is_owed = false;
  for (unsigned i = 0; i < slot.sends; ++i)
    is_owed = is_owed || (!query.send(i).answered && &query.send(i) != &answered);
  if (!tried && !is_owed) return ResponseOutcome::returned;
  answered.answered = true;
  --lcore.outstanding[answered.endpoint_slot];
  if (tried) return ResponseOutcome::tried_next;
  query.failed = static_cast<uint8_t>(rcode);
  return ResponseOutcome::held_back;
}

}  // namespace penstock::path
