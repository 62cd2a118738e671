#include "dataplane/path/memory/recall.h"

#include <algorithm>
#include <cstring>

#include "config/contract/enums.h"
#include "dataplane/dns/keep.h"
#include "dataplane/path/answer/end.h"
#include "dataplane/path/flight/edns.h"
#include "dataplane/path/frame/buffer.h"
#include "dataplane/path/limits/limit.h"
#include "dataplane/path/memory/freshness.h"
#include "dataplane/path/memory/refresh.h"

namespace penstock::path {
namespace {

using config::QueryOutcome;
using dns::ExtendedError;
using state::CacheEntry;

constexpr uint64_t kSecond = 1'000'000'000;
constexpr uint32_t kStaleTtl = 30;                // s, RFC 8767 section 4
constexpr uint64_t kRenewalPause = kSecond;       // between two attempts to renew the same answer
constexpr uint64_t kTrialPause = kSecond / 4;     // between two queries to a pool that is silent
constexpr uint64_t kTrialPatience = kSecond / 2;  // with them: who joins one gets the expired answer soon
constexpr uint8_t kHot = 2;                       // hits that make an answer worth renewing

// Have the endpoints failed this question, and has nobody of the pool come back since?
bool has_failed(const state::Lcore& lcore, const CacheEntry& entry, const config::ImagePool& pool) {
  return entry.failed_at != 0 && entry.failed_at >= failures_count_from(lcore, lcore.endpoints.hops.owner_of(pool));
}

// One query in `pause` (ns) to a pool that fails. It is looked at twice: before its zone is known, and then.
bool may_try(state::Lcore& lcore, QueryWork& work, const config::ImagePool& pool, uint64_t pause) {
  state::PoolReach& reach = lcore.endpoints.reach[lcore.endpoints.hops.owner_of(pool)];
  if (work.tries || lcore.now < reach.tried_at + pause) return work.tries;
  reach.tried_at = lcore.now;
  return work.tries = true;
}

// The question has failed: is it too early to ask it again? A second is kept in any case (RFC 9520 section 3.2). Then it is enough that
// the pool has answered others meanwhile, and while it answers nobody one question in a second tries, whichever it is.
bool is_to_wait(state::Lcore& lcore, QueryWork& work, const CacheEntry& entry, const config::ImagePool& pool) {
  if (lcore.now < entry.failed_at + kSecond) return true;
  if (lcore.now >= entry.failed_at + uint64_t{entry.failed_for_ms} * 1'000'000) return false;
  return lcore.endpoints.reach[lcore.endpoints.hops.owner_of(pool)].good_at <= entry.failed_at &&
         !may_try(lcore, work, pool, kSecond);
}

dns::Giving giving_of(state::Lcore& lcore, const CacheEntry& entry, const config::ImagePool& pool) {
  dns::Giving giving;
  giving.rotation = (pool.cache & config::kCacheRotate) != 0 ? lcore.memory.rotation++ : 0;
  if (is_fresh(entry, lcore.now)) {
    giving.age = static_cast<uint32_t>(age_of(entry, lcore.now) / kSecond);
    giving.error = entry.error;
    return giving;
  }
  giving.stale_ttl = kStaleTtl;
  const bool is_nxdomain = (entry.answer.flags & dns::kRcodeMask) == static_cast<uint16_t>(dns::Rcode::nxdomain);
  giving.error = is_nxdomain ? ExtendedError::stale_nxdomain : ExtendedError::stale_answer;
  return giving;
}

std::optional<QueryOutcome> give(state::Lcore& lcore, QueryWork& work, const dns::Giving& giving,
                                 QueryOutcome outcome) {
  const dns::Kept& kept = lcore.memory.recalled.kept;
  if (work.response_rate != 0 && kept.answer.counts[0] == 0)
    if (const auto limited = limit_negative(lcore, work, lcore.memory.recalled.entry.identity)) return *limited;
  const std::span<uint8_t> room = room_of(work.packet);
  if (room.size() < dns::kHeaderSize + work.query.traits.question_length + kept.answer.body_length + dns::kMostTail)
    return std::nullopt;
  return end_with(lcore, work, dns::give_answer(room, work.query.traits, kept, giving), outcome);
}

// Asked for often, and in the last tenth of its life, but not in less than its last two seconds.
bool is_to_be_renewed(state::Lcore& lcore, QueryWork& work, const config::ImagePool& pool) {
  const CacheEntry& entry = lcore.memory.recalled.entry;
  if ((pool.cache & config::kCachePrefetch) == 0 || lcore.memory.recalled.heat < kHot) return false;
  const uint64_t lifetime = lifetime_of(entry);
  const uint64_t margin = std::max(lifetime / 10, std::min(2 * kSecond, lifetime / 2));
  if (age_of(entry, lcore.now) + margin < lifetime) return false;
  if (entry.asked_at != 0 && lcore.now < entry.asked_at + kRenewalPause) return false;
  return !(has_failed(lcore, entry, pool) && is_to_wait(lcore, work, entry, pool));
}

// What was found in the place of `key` and copied to lcore.memory.recalled.
std::optional<QueryOutcome> judge(state::Lcore& lcore, QueryWork& work, const state::CacheKey& key,
                                  const config::ImagePool& pool) {
  const CacheEntry& entry = lcore.memory.recalled.entry;
  if (!is_good_for(entry, *lcore.rules) || is_for_one_client(work, pool)) return std::nullopt;
  limit_size(work.query.traits, pool.udp_size);
  if (is_fresh(entry, lcore.now)) {
    if (is_to_be_renewed(lcore, work, pool) && lcore.memory.answers.claim(key, lcore.now, kRenewalPause))
      refresh(lcore, work, key.question, pool, lcore.query_timeout_ns);
    return give(lcore, work, giving_of(lcore, entry, pool), QueryOutcome::answered_cached);
  }

  const bool failed = has_failed(lcore, entry, pool);
  const bool silent = is_silent(lcore, pool);
  const bool tries = silent && may_try(lcore, work, pool, kTrialPause);
  const bool waits = failed && !tries && is_to_wait(lcore, work, entry, pool);
  const bool may_ask = silent ? tries : !waits;
  work.has_stale = may_be_stale(entry, pool, lcore.now);
  if (work.has_stale) {
    work.giving = giving_of(lcore, entry, pool);
    if (!silent && !failed) return std::nullopt;
    if (may_ask && lcore.memory.answers.claim(key, lcore.now, silent ? 0 : kRenewalPause))
      refresh(lcore, work, key.question, pool, silent ? kTrialPatience : lcore.query_timeout_ns);
    return give_stale(lcore, work);
  }
  if (!waits || may_ask) return std::nullopt;
  const auto rcode = static_cast<dns::Rcode>(entry.failure);
  return end(lcore, work, rcode, ExtendedError::cached_error, QueryOutcome::answered_failure);
}

}  // namespace

bool is_silent(state::Lcore& lcore, const config::ImagePool& pool) {
  const config::EndpointSlot owner = lcore.endpoints.hops.owner_of(pool);
  state::PoolReach& reach = lcore.endpoints.reach[owner];
  if (reach.lost_at != 0 && lcore.endpoints.returns[owner].load(std::memory_order_relaxed) > reach.lost_at)
    reach.lost_at = 0;
  if (reach.lost_at != 0) return true;
  if (lcore.control_silent || !lcore.endpoints.hops.orders.up(pool).endpoints.empty()) return false;
  // Control says so. What clients' queries have shown meanwhile says more, and errors are no silence.
  return lcore.now > reach.heard_at + lcore.query_timeout_ns && !lcore.endpoints.hops.answers(pool, reach.heard_at);
}

std::optional<QueryOutcome> recall(state::Lcore& lcore, QueryWork& work, const state::CacheKey& key,
                                   const config::ImagePool& pool) {
  work.has_stale = false;
  if (!lcore.memory.answers.find(key, lcore.memory.recalled)) return std::nullopt;
  return judge(lcore, work, key, pool);
}

std::optional<QueryOutcome> recall_by_generation(state::Lcore& lcore, QueryWork& work, state::CacheKey& key) {
  if (!work.query.plain) return std::nullopt;
  if (!lcore.memory.answers.find_by_generation(key, lcore.memory.recalled)) return std::nullopt;
  const CacheEntry& entry = lcore.memory.recalled.entry;
  const config::ImageRule* rule = lcore.rules->kept_rule(key.question.generation, entry.rule);
  if (rule == nullptr || rule->identity != entry.identity) return std::nullopt;
  key.question.rule = entry.rule;
  key.identity = entry.identity;
  return judge(lcore, work, key, lcore.rules->pool(rule->pool));
}

std::optional<QueryOutcome> give_stale(state::Lcore& lcore, QueryWork& work) {
  if (!work.has_stale) return std::nullopt;
  return give(lcore, work, work.giving, QueryOutcome::answered_stale);
}

std::span<const uint8_t> recall_for(const Flight& flight) {
  state::Lcore& lcore = flight.lcore;
  const state::PendingSlot& slot = flight.slot;
  const state::PendingQuery& query = flight.query;
  if (slot.shared == 0 || lcore.rules == nullptr) return {};
  const config::ImageRule* rule = lcore.rules->kept_rule(query.key.generation, query.key.rule);
  if (rule == nullptr) return {};
  const config::ImagePool& pool = lcore.rules->pool(rule->pool);
  dns::FoldedName name;
  if (!is_remembered(*rule, pool) || !dns::parse_name({query.question(), slot.question_length}, name)) return {};
  const state::CacheKey key{.hash = query.hash, .identity = rule->identity, .name = name.bytes, .question = query.key};
  if (!lcore.memory.answers.find(key, lcore.memory.recalled)) return {};
  const CacheEntry& entry = lcore.memory.recalled.entry;
  if (!is_good_for(entry, *lcore.rules) || !(is_fresh(entry, lcore.now) || may_be_stale(entry, pool, lcore.now)))
    return {};
  uint8_t* message = lcore.memory.message.data();
  dns::store16(message, 0);
  std::memcpy(message + dns::kHeaderSize, query.question(), slot.question_length);
  // As long as any of them may have it; there is no room for more.
  const uint16_t longest = std::max<uint16_t>(query.traits.udp_size, state::DeliveryQueue::kLongest);
  dns::QueryTraits for_all = query.traits_as(state::kWantsOpt | state::kWantsAd, longest);
  for_all.keepalive = 0;
  const unsigned length =
      dns::give_answer(lcore.memory.message, for_all, lcore.memory.recalled.kept, giving_of(lcore, entry, pool));
  return {message, length};
}

}  // namespace penstock::path
