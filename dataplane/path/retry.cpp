#include "dataplane/path/retry.h"

#include <cstring>

#include "dataplane/path/chain.h"
#include "dataplane/path/chase.h"
#include "dataplane/path/choose_endpoint.h"
#include "dataplane/path/headers.h"
#include "dataplane/path/send.h"
#include "dataplane/path/transmit.h"

namespace penstock::path {
namespace {

using config::RetryOutcome;

// The pool that the rules in force give the question; nullptr: they do not forward it any more.
const config::ImagePool* pool_of(const tables::Ruleset& rules, const Asked& asked) {
  dns::FoldedName name;
  if (!dns::parse_name({asked.question(), asked.question_length}, name)) return nullptr;
  uint32_t number = 0;
  const config::ImageRule* rule = forwarding_rule(rules, name, number);
  return rule == nullptr ? nullptr : &rules.pool(rule->pool);
}

}  // namespace

RetryOutcome retry(state::Lcore& lcore, uint32_t index, uint64_t now) {
  const state::PendingSlot& slot = lcore.pending.slot(index);
  const state::PendingQuery& query = lcore.pending.query(index);
  const Asked question = asked_of(lcore, slot, query);
  if (question.message_length == 0) return RetryOutcome::too_long;
  const config::ImagePool* pool = lcore.rules == nullptr ? nullptr : pool_of(*lcore.rules, question);
  if (pool == nullptr) return RetryOutcome::no_endpoint;

  std::array<uint16_t, state::kMaxSends> asked;
  for (unsigned i = 0; i < slot.sends; ++i) asked[i] = query.send(i).endpoint_slot;
  if (!lcore.retry_budget.take(pool->first_endpoint, now)) return RetryOutcome::over_budget;
  const uint32_t endpoint =
      choose_endpoint(lcore, *pool, {asked.data(), slot.sends}, slot.client, slot.client_family, now).endpoint;
  if (endpoint == kNoEndpoint) return RetryOutcome::no_endpoint;

  rte_mbuf* frame = lcore.fresh.pop();
  if (frame == nullptr) return RetryOutcome::no_frame;
  uint8_t* message = static_cast<uint8_t*>(frame->buf_addr) + kMessageOffset;
  std::memcpy(message, question.message, question.message_length);
  const uint16_t overdue = asked[slot.sends - 1];
  if (!send(lcore, index, *pool, endpoint, *frame, message, question.message_length, now)) {
    discard(lcore, *frame);
    return RetryOutcome::no_frame;
  }
  lcore.counters.endpoints[overdue].timeouts.add(1);
  return RetryOutcome::sent;
}

}  // namespace penstock::path
