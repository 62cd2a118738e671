#include "dataplane/path/memory/remember.h"

#include <algorithm>
#include <string_view>

#include "config/contract/image.h"
#include "dataplane/dns/keep.h"
#include "dataplane/path/memory/recall.h"
#include "dataplane/path/memory/refresh.h"

namespace penstock::path {
namespace {

using config::RememberOutcome;

constexpr uint64_t kSecond = 1'000'000'000;   // ns
constexpr unsigned kLongestAnswered = 5'000;  // ms for which a failure is remembered that an endpoint told us
constexpr unsigned kLongestSilent =
    30'000;                           // the same of one that nobody told: each trial waits for all of its patience
constexpr uint32_t kServiceTtl = 60;  // s
constexpr uint32_t kServiceNegativeTtl = 5;  // s

// Names of an Active Directory's services: who has gone or come must be seen soon.
bool is_service(const dns::FoldedName& name) {
  for (unsigned label = 0; label < name.labels; ++label) {
    const uint8_t* at = name.bytes + name.offsets[label];
    const std::string_view text(reinterpret_cast<const char*>(at + 1), at[0]);
    if (text == "_msdcs" || text == "_sites" || text == "_tcp" || text == "_udp") return true;
  }
  return false;
}

dns::KeepLimits limits_of(const config::ImagePool& pool, const dns::FoldedName& name) {
  dns::KeepLimits limits{pool.max_ttl, pool.min_ttl, pool.max_negative_ttl};
  if ((pool.cache & config::kCacheShortServices) != 0 && is_service(name)) {
    limits.max_ttl = std::min(limits.max_ttl, kServiceTtl);
    limits.min_ttl = std::min(limits.min_ttl, limits.max_ttl);
    limits.max_negative_ttl = std::min(limits.max_negative_ttl, kServiceNegativeTtl);
  }
  return limits;
}

RememberOutcome outcome_of(state::Stored stored, RememberOutcome when_new, RememberOutcome when_renewed) {
  switch (stored) {
    case state::Stored::stored:
      return when_new;
    case state::Stored::renewed:
      return when_renewed;
    case state::Stored::no_room:
      return RememberOutcome::no_room;
    case state::Stored::busy:
      break;
  }
  return RememberOutcome::busy;
}

// What is to be remembered of an open query, and where.
struct Place {
  dns::FoldedName name;
  state::CacheKey key;  // points at the name
  state::AnswerCache::Origin origin;
  const config::ImageRule* rule = nullptr;
  const config::ImagePool* pool = nullptr;
  bool is_shared = false;  // others may have it later
};

// False: what the pool says of memory is not for this query.
bool find_place(const Flight& flight, Place& place) {
  state::Lcore& lcore = flight.lcore;
  const state::PendingSlot& slot = flight.slot;
  const state::PendingQuery& query = flight.query;
  // By other rules than it was asked by, nobody can say whose answer it is.
  if (slot.opaque != 0 || lcore.rules == nullptr) return false;
  place.rule = lcore.rules->kept_rule(query.key.generation, query.key.rule);
  if (place.rule == nullptr) return false;
  place.pool = &lcore.rules->pool(place.rule->pool);
  if (!lcore.memory.answers.enabled() || !is_remembered(*place.rule, *place.pool)) return false;
  if (!dns::parse_name({query.question(), slot.question_length}, place.name)) return false;
  place.is_shared = slot.shared != 0;
  place.key = {.hash = query.hash, .identity = place.rule->identity, .name = place.name.bytes, .question = query.key};
  place.origin = {.now = lcore.now,
                  .private_identity = 0,
                  .owner = lcore.endpoints.hops.owner_of(*place.pool),
                  .quota = place.pool->cache_quota,
                  .by_client = lcore.rules->depends_on_client(place.name)};
  return true;
}

RememberOutcome store_failure(state::Lcore& lcore, const Place& place, dns::Rcode rcode, unsigned longest) {
  const uint64_t from = failures_count_from(lcore, place.origin.owner);
  return outcome_of(lcore.memory.answers.store_failure(place.key, rcode, from, longest, place.origin),
                    RememberOutcome::failure, RememberOutcome::failure);
}

// Whatever is remembered has a successor. Of one that is cut only its length is known: what would not have fitted may be the same.
RememberOutcome supersede(state::Lcore& lcore, const Place& place, RememberOutcome outcome, bool is_cut = false) {
  const unsigned longest = is_cut ? dns::kOurUdpSize - dns::kHeaderSize - place.name.length - 4U - dns::kOptSize : ~0U;
  return lcore.memory.answers.forget(place.key, longest) ? outcome : RememberOutcome::busy;
}

RememberOutcome store(state::Lcore& lcore, Place& place, std::span<uint8_t> message, const dns::KeepLimits& limits) {
  const auto question_length = static_cast<unsigned>(place.name.length + 4U);
  dns::Kept& kept = lcore.memory.recalled.kept;
  const dns::Keep verdict = dns::read_answer(message, question_length, limits, kept);
  if (kept.over_limits) dns::limit_ttls(message, question_length, limits);
  switch (verdict) {
    case dns::Keep::nothing:
      return RememberOutcome::not_kept;
    case dns::Keep::once:
      return supersede(lcore, place, RememberOutcome::not_kept);
    case dns::Keep::cut:
      return supersede(lcore, place, RememberOutcome::not_kept, true);
    case dns::Keep::too_long:
      return supersede(lcore, place, RememberOutcome::too_long);
    case dns::Keep::failure:
      return store_failure(lcore, place, static_cast<dns::Rcode>(dns::flags_of(message.data()) & dns::kRcodeMask),
                           kLongestAnswered);
    case dns::Keep::answer:
      break;
  }
  // A chain that led nowhere private may do so under other rules.
  if (kept.answer.has_chain != 0 && place.rule->is_private == 0)
    place.origin.private_identity = lcore.rules->header().private_identity;
  return outcome_of(lcore.memory.answers.store(place.key, kept, place.origin), RememberOutcome::stored,
                    RememberOutcome::renewed);
}

}  // namespace

void remember(const Flight& flight, std::span<uint8_t> message, bool is_clean) {
  state::Lcore& lcore = flight.lcore;
  Place place;
  if (!find_place(flight, place)) return;
  const dns::KeepLimits limits = limits_of(*place.pool, place.name);
  if (is_clean && place.is_shared) {
    lcore.counters.remember[store(lcore, place, message, limits)].add(1);
    return;
  }
  dns::limit_ttls(message, place.name.length + 4U, limits);
  const auto rcode = static_cast<dns::Rcode>(dns::flags_of(message.data()) & dns::kRcodeMask);
  if (place.is_shared && dns::is_answer(rcode)) supersede(lcore, place, RememberOutcome::not_kept);
}

void remember_silence(const Flight& flight) {
  state::Lcore& lcore = flight.lcore;
  const state::PendingSlot& slot = flight.slot;
  const config::EndpointSlot last = flight.last_send().endpoint_slot;
  state::PoolReach& reach = lcore.endpoints.reach[lcore.endpoints.hops.owner_of(last)];
  if (reach.lost_at == 0 && reach.heard_at < slot.asked_at) reach.lost_at = lcore.now;
  // Somebody has come back meanwhile, and would have answered this as well.
  if (slot.asked_at < failures_count_from(lcore, lcore.endpoints.hops.owner_of(last))) return;
  Place place;
  if (find_place(flight, place) && place.is_shared)
    lcore.counters.remember[store_failure(lcore, place, dns::Rcode::servfail, kLongestSilent)].add(1);
}

void note_heard(state::Lcore& lcore, config::EndpointSlot endpoint_slot, dns::Rcode rcode) {
  const config::EndpointSlot owner = lcore.endpoints.hops.owner_of(endpoint_slot);
  state::PoolReach& reach = lcore.endpoints.reach[owner];
  reach.heard_at = lcore.now;
  bool is_back = reach.lost_at != 0;
  reach.lost_at = 0;
  if (dns::is_answer(rcode)) {
    // Among answers a failure is one of the name. After a while of nothing else the pool is well again.
    is_back = is_back || (reach.fails && lcore.now - reach.good_at >= kSecond);
    reach.fails = false;
    reach.good_at = lcore.now;
  } else {
    reach.fails = true;
  }
  if (is_back) lcore.endpoints.returns[owner].store(lcore.now + 1, std::memory_order_relaxed);
}

}  // namespace penstock::path
