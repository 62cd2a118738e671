// dataplane/path/memory/freshness.h - how old a cached answer is, and whether it may be given out. Pure: the path decides by it, and
// penstockctl shows it.
#pragma once

#include <algorithm>

#include "config/contract/image.h"
#include "dataplane/state/answers/answer_cache.h"
#include "dataplane/tables/ruleset.h"

namespace penstock::path {

constexpr uint64_t kTtlUnitNs = 1'000'000'000;  // a second

// Are answers to this question under this rule remembered at all?
inline bool is_remembered(const config::ImageRule& rule, const config::ImagePool& pool) {
  return rule.cache != 0 && (pool.cache & config::kCacheEnabled) != 0;
}

// ns
inline uint64_t age_of(const state::CacheEntry& entry, uint64_t now) {
  return now - std::min(now, entry.stored_at);  // another lcore may have read the clock a moment later
}
inline uint64_t lifetime_of(const state::CacheEntry& entry) {
  return entry.answer.ttl * kTtlUnitNs;
}

inline bool is_fresh(const state::CacheEntry& entry, uint64_t now) {
  return entry.answer.ttl != 0 && age_of(entry, now) < lifetime_of(entry);
}

// s after the TTL for which it may be given out when asking fails; 0: it may not.
inline uint32_t max_stale(const state::CacheEntry& entry, const config::ImagePool& pool) {
  return entry.answer.ttl != 0 && (pool.cache & config::kCacheStale) != 0 ? pool.max_stale : 0;
}
inline bool may_be_stale(const state::CacheEntry& entry, const config::ImagePool& pool, uint64_t now) {
  return entry.answer.ttl != 0 && age_of(entry, now) < lifetime_of(entry) + max_stale(entry, pool) * kTtlUnitNs;
}

// An answer with a chain out of its zone was judged by the private zones of its time.
inline bool is_good_for(const state::CacheEntry& entry, const tables::Ruleset& rules) {
  return entry.private_identity == 0 || entry.private_identity == rules.header().private_identity;
}

}  // namespace penstock::path
