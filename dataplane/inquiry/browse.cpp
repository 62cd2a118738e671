#include "dataplane/inquiry/browse.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "config/contract/enums.h"
#include "dataplane/dns/name.h"
#include "dataplane/path/memory/freshness.h"

namespace penstock::inquiry {
namespace {

using config::Browsed;
using config::CachedAnswer;
using state::CacheEntry;

constexpr uint64_t kMs = 1'000'000;
// An entry is no longer here than in its page.
constexpr size_t kLongestMessage = config::kMaxMessage - state::AnswerCache::kPageSize - 16 * sizeof(CachedAnswer);
static_assert(config::kAskedForRecursion == 1 && config::kAskedWithoutChecking == 2 && config::kAskedForDnssec == 8,
              "as state::query_bits()");
static_assert(config::kNoError == static_cast<uint16_t>(dns::ExtendedError::none));

bool is_given_out(const tables::Ruleset& rules, const config::ImageRule* rule, const CacheEntry& entry) {
  return rule != nullptr && rule->identity == entry.identity && path::is_remembered(*rule, rules.pool(rule->pool)) &&
         path::is_good_for(entry, rules);
}

// The rule in force whose clients may get the entry: the one that it was stored by, or else one that the name has for some group.
config::RuleIndex rule_of(const tables::Ruleset& rules, const CacheEntry& entry, std::span<const uint8_t> wire) {
  if (is_given_out(rules, rules.kept_rule(entry.generation, entry.rule), entry)) return entry.rule;
  dns::FoldedName name;
  if (!dns::parse_name(wire, name)) return config::kNoRule;
  const size_t groups = rules.has_views() ? std::max<size_t>(rules.groups().size(), 1) : 1;
  for (size_t group = 0; group < groups; ++group) {
    config::RuleIndex number = config::kNoRule;
    if (is_given_out(rules, rules.forwarding_rule(name, static_cast<uint16_t>(group), number), entry)) return number;
  }
  return config::kNoRule;
}

config::CachedState state_of(const tables::Ruleset* rules, config::RuleIndex rule, const CacheEntry& entry,
                             uint64_t now) {
  if (rule == config::kNoRule) return config::CachedState::unused;
  if (entry.answer.ttl == 0) return config::CachedState::failure;
  if (path::is_fresh(entry, now)) return config::CachedState::fresh;
  const config::ImagePool& pool = rules->pool(rules->rule(rule).pool);
  return path::may_be_stale(entry, pool, now) ? config::CachedState::stale : config::CachedState::expired;
}

CachedAnswer describe(const state::Recalled& recalled, std::span<const uint8_t> name, const Present& present) {
  const CacheEntry& entry = recalled.entry;
  CachedAnswer told;
  told.rule = present.rules == nullptr ? config::kNoRule : rule_of(*present.rules, entry, name);
  told.identity = entry.identity;
  told.age_ms = path::age_of(entry, present.now) / kMs;
  told.ttl = entry.answer.ttl;
  if (told.rule != config::kNoRule)
    told.max_stale = path::max_stale(entry, present.rules->pool(present.rules->rule(told.rule).pool));
  // As has_failed() of dataplane/path/memory/recall.cpp, but for an endpoint that control has just called up.
  const bool is_over = present.returns.has(entry.owner) &&
                       entry.failed_at < present.returns[entry.owner].load(std::memory_order_relaxed);
  if (entry.failed_at != 0 && !is_over) {
    told.failures = entry.failures;
    told.failure = entry.failure;
    told.failed_ms = (present.now - std::min(present.now, entry.failed_at)) / kMs;
    told.pause_ms = entry.failed_for_ms;
  }
  told.state = state_of(present.rules, told.rule, entry, present.now);
  told.record_type = entry.type;
  told.record_class = entry.query_class;
  told.flags = entry.answer.flags;
  told.body_length = entry.answer.body_length;
  std::copy(std::begin(entry.answer.counts), std::end(entry.answer.counts), told.counts.begin());
  told.error = static_cast<uint16_t>(entry.error);
  told.bits = entry.bits;
  told.name_length = entry.name_length;
  told.heat = recalled.heat;
  const size_t size = sizeof told + told.name_length + told.body_length;
  told.size = static_cast<uint32_t>((size + 7) / 8 * 8);
  return told;
}

void append(const CachedAnswer& told, std::span<const uint8_t> name, const uint8_t* body,
            std::vector<uint8_t>& message) {
  const size_t at = message.size();
  message.resize(at + told.size);
  std::memcpy(&message[at], &told, sizeof told);
  std::copy(name.begin(), name.end(), &message[at + sizeof told]);
  std::copy_n(body, told.body_length, &message[at + sizeof told + name.size()]);
}

}  // namespace

std::vector<uint8_t> browse(const config::Browse& request, const state::AnswerCache& answers, const Present& present) {
  std::vector<uint8_t> message(sizeof(Browsed));
  Browsed head;
  head.pages = answers.pages();
  head.generation = present.rules == nullptr ? 0 : present.rules->header().generation;
  const auto* octets = reinterpret_cast<const uint8_t*>(request.name.data());
  const std::span<const uint8_t> meant(octets, request.name_length);
  const auto page = std::make_unique<state::PageCopy>();
  const auto recalled = std::make_unique<state::Recalled>();
  std::array<uint8_t, 256> room{};
  uint32_t number = request.page;
  for (; number < head.pages && number - request.page < kPagesAtOnce && message.size() < kLongestMessage; ++number) {
    const unsigned count = answers.copy_page(number, *page);
    for (unsigned i = 0; i < count; ++i) {
      if (!state::AnswerCache::read(*page, i, *recalled, room)) continue;
      const std::span<const uint8_t> name(room.data(), recalled->entry.name_length);
      if (request.record_type != 0 && request.record_type != recalled->entry.type) continue;
      if (!state::is_meant(request.scope, meant, name)) continue;
      append(describe(*recalled, name, present), name, recalled->kept.body.data(), message);
      ++head.entries;
    }
  }
  head.next = number < head.pages ? number : 0;
  std::memcpy(message.data(), &head, sizeof head);
  return message;
}

}  // namespace penstock::inquiry
